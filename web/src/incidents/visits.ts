/** Where those whom an incident's alerts are about were seen. Each question leaves a row in the audit. */
import { ask } from "../api/client";
import type { components } from "../api/schema";
import type { Id } from "../api/types";
import { catalogue } from "../text/catalogue";

export type Visits = components["schemas"]["VisitsOut"];
export type Visit = Visits["visits"][number];

export const visitsOf = (incidentId: Id) => ask<Visits>("GET", `/incidents/${incidentId}/visits`);

export const t = catalogue({
  en: {
    title: "Path through the store",
    show: "Show the path",
    note: "Cameras that one person of these alerts probably passed, by time and place alone. Nobody was recognised, and a wrong turn is possible. Each look is noted in the audit.",
    none: "No other camera is known to have seen anybody of these alerts. A path is there about a minute after somebody leaves a picture, and for a day if no incident keeps it.",
    off: "This store does not follow visits from camera to camera; its site policy decides.",
    several: "Visit {count}",
    here: "of the alert",
    doubt: { one: "could be at least {count} other person as well", other: "could be one of at least {count} others as well" },
    moreSightings: { one: "{count} more sighting, farther from the alert, is not shown.", other: "{count} more sightings, farther from the alert, are not shown." },
    moreVisits: { one: "{count} more visit is not shown.", other: "{count} more visits are not shown." },
  },
  es: {
    title: "Recorrido por la tienda",
    show: "Mostrar el recorrido",
    note: "Cámaras por las que probablemente pasó una persona de estas alertas, solo según la hora y el lugar. No se reconoció a nadie y puede haber un error. Cada consulta queda en la auditoría.",
    none: "No consta que otra cámara haya visto a nadie de estas alertas. El recorrido aparece más o menos un minuto después de salir de una imagen y dura un día si ningún incidente lo conserva.",
    off: "Esta tienda no sigue las visitas de cámara a cámara; lo decide su política.",
    several: "Visita {count}",
    here: "de la alerta",
    doubt: { one: "podría ser también al menos {count} persona más", other: "podría ser también una de al menos otras {count}" },
    moreSightings: { one: "No se muestra {count} momento más, más alejado de la alerta.", other: "No se muestran {count} momentos más, más alejados de la alerta." },
    moreVisits: { one: "No se muestra {count} visita más.", other: "No se muestran {count} visitas más." },
  },
});

interface Act {
  camera_id: Id;
  epoch: number;
  track_ids: readonly string[];
}

/** Whether this sighting is one that an alert is about. */
export function ofAlert(sighting: Visit["sightings"][number], alerts: readonly Act[]): boolean {
  return alerts.some((alert) => alert.camera_id === sighting.camera_id && alert.epoch === sighting.epoch && alert.track_ids.includes(sighting.track_id));
}
