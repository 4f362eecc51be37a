/** The walk of an enrolled person: what the page asks, and its words. */
import { ask, postFile } from "../api/client";
import type { components } from "../api/schema";
import type { Id, Page } from "../api/types";
import { catalogue } from "../text/catalogue";

export type Walk = components["schemas"]["GaitProfileOut"];

const at = (entry: Id) => `/enrolments/${entry}/gait`;
export const walksOf = (entry: Id) => ask<Page<Walk>>("GET", at(entry)).then((page) => page.items);
export const proposeWalk = (entry: Id, clip: File, source: string) => postFile<Walk>(`${at(entry)}?source=${encodeURIComponent(source)}`, clip);
export const approveWalk = (entry: Id, reason: string) => ask<Walk>("POST", `${at(entry)}/approve`, { body: { reason } });
export const removeWalk = (entry: Id, reason: string) => ask<{ removed: number }>("POST", `${at(entry)}/remove`, { body: { reason } });

/** Steps a minute, where the clip showed them. */
export function cadenceOf(walk: Walk): number | null {
  const found = walk.features["cadence_steps_per_min"];
  return typeof found === "number" ? found : null;
}

export const t = catalogue({
  en: {
    walk: "Walk",
    none: "No walk is kept of this entry. With one, a lead to this entry says whether the walk fits as well; a walk alone leads to nobody.",
    limits: "Known of synthetic people only: it is a hint at most, and says nothing more often than not.",
    clip: "Clip (MP4) in which only this person walks, 4 seconds or more; it is not kept",
    source: "Which footage, and how it is known to show this person",
    measure: "Measure and propose",
    measuring: "Measuring…",
    waits: "Waits for another person's approval; nothing is compared with it until then.",
    stands: "Compared when a face leads to this entry. It ends with the entry.",
    steps: "{value} steps a minute.",
    from: "From: {source}",
    approve: "Approve the walk",
    whyApproved: "What you checked",
    remove: "Remove the walk",
    whyRemoved: "Why it is removed",
  },
  es: {
    walk: "Forma de andar",
    none: "No se guarda la forma de andar de esta inscripción. Con ella, una coincidencia con esta inscripción dice si también encaja la forma de andar; por sí sola no lleva a nadie.",
    limits: "Solo se conoce con personas sintéticas: como mucho es un indicio, y casi siempre no dice nada.",
    clip: "Vídeo (MP4) en el que solo anda esta persona, 4 segundos o más; no se guarda",
    source: "Qué grabación es y cómo se sabe que muestra a esta persona",
    measure: "Medir y proponer",
    measuring: "Midiendo…",
    waits: "Espera la aprobación de otra persona; hasta entonces no se compara nada con ella.",
    stands: "Se compara cuando una cara lleva a esta inscripción. Termina con la inscripción.",
    steps: "{value} pasos por minuto.",
    from: "De: {source}",
    approve: "Aprobar la forma de andar",
    whyApproved: "Qué comprobó usted",
    remove: "Eliminar la forma de andar",
    whyRemoved: "Por qué se elimina",
  },
});
