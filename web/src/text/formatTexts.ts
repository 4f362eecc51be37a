import { catalogue } from "./catalogue";

const en = {
  low: "Low",
  medium: "Medium",
  high: "High",
  raised: "New",
  claimed: "Claimed",
  acknowledged: "Acknowledged",
  snoozed: "Snoozed",
  escalated: "Escalated",
  resolved: "Resolved",
  store: "Store",
  area: "Area",
  operationsCentre: "Operations centre",
  connecting: "Connecting",
  live: "Live",
  frozen: "Picture frozen",
  reconnecting: "Reconnecting",
  refused: "Refused",
  stopped: "Stopped",
  waiting: "Waiting for a worker",
} as const;

/** Texts of states, which take no values. */
export type PlainKey = keyof typeof en;

export const t = catalogue({
  en: { ...en, never: "never", justNow: "just now", ago: "{span} ago", people: { one: "{count} person", other: "{count} people" }, days: { one: "{count} day", other: "{count} days" }, hours: { one: "{count} hour", other: "{count} hours" }, spanAgo: "{span} ago" },
  es: {
    low: "Baja",
    medium: "Media",
    high: "Alta",
    raised: "Nueva",
    claimed: "Asignada",
    acknowledged: "Confirmada",
    snoozed: "Pospuesta",
    escalated: "Escalada",
    resolved: "Resuelta",
    store: "Tienda",
    area: "Zona",
    operationsCentre: "Central de operaciones",
    connecting: "Conectando",
    live: "En directo",
    frozen: "Imagen congelada",
    reconnecting: "Reconectando",
    refused: "Rechazada",
    stopped: "Detenida",
    waiting: "A la espera de un proceso",
    never: "nunca",
    justNow: "ahora mismo",
    ago: "hace {span}",
    people: { one: "{count} persona", other: "{count} personas" },
    days: { one: "{count} día", other: "{count} días" },
    hours: { one: "{count} hora", other: "{count} horas" },
    spanAgo: "hace {span}",
  },
});
