/** Kinds of alerts, which are names in the API, in words. */
import { catalogue } from "./catalogue";
import { humanise } from "./format";

const en = {
  loitering: "Loitering",
  falling: "Falling",
  floor: "On the floor",
  fighting: "Fighting",
  running: "Running",
  entry: "Entry",
  crossing: "Line crossed",
  crowding: "Crowding",
  queue: "Queue",
  reaching: "Reach to a shelf",
  "camera-offline": "Camera offline",
  "camera-frozen": "Camera frozen",
  "camera-blind": "Camera blind",
  "camera-moved": "Camera moved",
  "camera-clock": "Camera clock wrong",
  "model-drift": "Model drift",
} as const;

const t = catalogue({
  en,
  es: {
    loitering: "Merodeo",
    falling: "Caída",
    floor: "Persona en el suelo",
    fighting: "Pelea",
    running: "Carrera",
    entry: "Entrada",
    crossing: "Línea cruzada",
    crowding: "Aglomeración",
    queue: "Cola",
    reaching: "Mano en el estante",
    "camera-offline": "Cámara sin señal",
    "camera-frozen": "Cámara congelada",
    "camera-blind": "Cámara tapada",
    "camera-moved": "Cámara movida",
    "camera-clock": "Hora de la cámara incorrecta",
    "model-drift": "Deriva del modelo",
  },
});

export const KINDS = (Object.keys(en) as (keyof typeof en)[]).filter((kind) => kind !== "model-drift");

/** A kind that this version does not know yet is written as it is. */
export function kindName(kind: string): string {
  return Object.hasOwn(en, kind) ? t(kind as keyof typeof en) : humanise(kind);
}
