/** What gait says beside an incident's alerts. Each question leaves a row in the audit. */
import { ask } from "../api/client";
import type { components } from "../api/schema";
import type { Id } from "../api/types";
import { catalogue } from "../text/catalogue";

export type IncidentWalks = components["schemas"]["IncidentWalksOut"];

export const walksOf = (incidentId: Id) => ask<IncidentWalks>("GET", `/incidents/${incidentId}/walks`);

export const t = catalogue({
  en: {
    title: "Gait beside leads",
    show: "Show what the walk says",
    note: "Of leads that a face raised on these tracks. A walk is a hint at most and no finding: it was measured on synthetic people, and shoes, loads, age and pain change it. Each look is noted in the audit.",
    none: "No lead of these tracks has a walk to compare. Gait is looked at only beside a lead that a face raised, for entries that have a walk.",
    ofAlert: "Track of the alert,",
    ofVisit: "Probably the same visit by time and place,",
    confirmed: "lead confirmed",
    waits: "lead waits for review",
  },
  es: {
    title: "Forma de andar junto a coincidencias",
    show: "Mostrar qué dice la forma de andar",
    note: "De coincidencias que una cara produjo en estos recorridos. La forma de andar es como mucho un indicio y no una constatación: se midió con personas sintéticas, y el calzado, la carga, la edad y el dolor la cambian. Cada consulta queda en la auditoría.",
    none: "Ninguna coincidencia de estos recorridos tiene una forma de andar que comparar. Solo se mira junto a una coincidencia que produjo una cara, para inscripciones que la tienen.",
    ofAlert: "Recorrido de la alerta,",
    ofVisit: "Probablemente la misma visita según hora y lugar,",
    confirmed: "coincidencia confirmada",
    waits: "coincidencia pendiente de revisión",
  },
});
