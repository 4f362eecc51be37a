/** The ways that people walk between the pictures of two cameras. */
import { ask } from "../api/client";
import { everything } from "../api/endpoints";
import type { components } from "../api/schema";
import type { Id } from "../api/types";
import { catalogue } from "../text/catalogue";

export type CameraLink = components["schemas"]["CameraLinkOut"];
export interface LinkDraft {
  camera_b: Id;
  zone_a: Id | null;
  zone_b: Id | null;
  metres: number;
}

export const cameraLinks = (storeId: Id) => everything<CameraLink>(`/stores/${storeId}/camera-links`);
export const addCameraLink = (storeId: Id, cameraId: Id, draft: LinkDraft) =>
  ask<CameraLink>("POST", `/stores/${storeId}/camera-links`, { body: { camera_a: cameraId, ...draft } });
export const removeCameraLink = (id: Id) => ask<void>("DELETE", `/camera-links/${id}`);

/** Ways that begin or end at a camera, as seen from it. */
export function waysFrom(cameraId: Id, links: readonly CameraLink[]): { link: CameraLink; to: Id; here: Id | null; there: Id | null }[] {
  return links
    .filter(({ camera_a, camera_b }) => camera_a === cameraId || camera_b === cameraId)
    .map((link) =>
      link.camera_a === cameraId ? { link, to: link.camera_b, here: link.zone_a, there: link.zone_b } : { link, to: link.camera_a, here: link.zone_b, there: link.zone_a },
    );
}

export const t = catalogue({
  en: {
    title: "Ways to other cameras",
    note: "Where people walk from this picture to the next one. Used only where the site policy lets visits be followed from camera to camera.",
    none: "None drawn: nobody is followed from here to another camera.",
    add: "Add a way",
    to: "To camera",
    choose: "Choose a camera…",
    metres: "Metres between the pictures",
    overlap: "0 where they touch or overlap.",
    here: "Leaving this picture in",
    there: "Coming in there in",
    anywhere: "anywhere",
    way: "{name}, {metres} m",
    removed: "A zone of it was removed, so it is not used; draw it anew.",
    limited: "only where a zone says",
    save: "Save the way",
    cancel: "Cancel",
    remove: "Remove the way to {name}",
  },
  es: {
    title: "Pasos a otras cámaras",
    note: "Por dónde pasa la gente de esta imagen a la siguiente. Solo se usa donde la política de la tienda permite seguir visitas de cámara a cámara.",
    none: "Ninguno dibujado: desde aquí no se sigue a nadie a otra cámara.",
    add: "Añadir un paso",
    to: "A la cámara",
    choose: "Elija una cámara…",
    metres: "Metros entre las imágenes",
    overlap: "0 donde se tocan o se solapan.",
    here: "Se sale de esta imagen por",
    there: "Se entra en la otra por",
    anywhere: "cualquier parte",
    way: "{name}, {metres} m",
    removed: "Se quitó una zona suya, así que no se usa; dibújelo de nuevo.",
    limited: "solo donde dice una zona",
    save: "Guardar el paso",
    cancel: "Cancelar",
    remove: "Quitar el paso a {name}",
  },
});
