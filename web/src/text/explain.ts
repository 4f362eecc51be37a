/** Why an alert was raised, in words. The service gives values; sentences are made here. */
import { t, valueName } from "./explainTexts";
import { duration, humanise, people } from "./format";
import { kindName } from "./kinds";

export interface Fact {
  name: string;
  value: string;
}

type Values = Record<string, unknown>;

/** One sentence for the list. `zone` is the zone's name where there is one. */
export function headline(kind: string, values: Values, zone?: string | null): string {
  const act = ACTS[kind]?.(values, zone ?? null);
  if (act) return act;
  const said = values["sentence"] ?? values["reason"];
  return typeof said === "string" && said ? said : kindName(kind);
}

/** Sentences about acts; never about who or what somebody is. */
const ACTS: Record<string, (values: Values, zone: string | null) => string> = {
  loitering,
  falling: (values, zone) => t("fell", where(zone)) + after(values, "down_s", (time) => t("lain", { time })),
  floor: (values, zone) => t("lies", where(zone)) + after(values, "lies_s", lasting),
  entry: (values, zone) => t("inside", { place: zone ?? t("closedZone") }) + after(values, "inside_s", lasting),
  crossing: (values, zone) => t("crossed", { place: zone ?? t("line") }) + (values["direction"] === "against-the-arrow" ? t("against") : ""),
  crowding: (values, zone) => t("crowd", { people: counted(values), ...where(zone) }) + after(values, "lasted_s", lasting),
  queue: (values, zone) => t("waits", { people: counted(values), ...where(zone) }) + after(values, "longest_wait_s", (time) => t("longest", { time })),
  reaching: (values, zone) => t("reaches", { place: zone ?? t("shelf") }) + after(values, "lasted_s", lasting),
  running: (values, zone) => t("runs", where(zone)) + after(values, "lasted_s", lasting),
  fighting: (values, zone) => {
    const blows = first(values, ["blows"]);
    return blows === null ? t("someBlows", where(zone)) : t("blowsSeen", { blows, ...where(zone) }) + after(values, "window_s", (time) => t("within", { time }));
  },
};

const where = (zone: string | null) => ({ where: zone ? t("inZone", { zone }) : "" });
const lasting = (time: string) => t("lasting", { time });

function counted(values: Values): string {
  const count = first(values, ["people"]);
  return count === null ? t("manyPeople") : people(count);
}

function after(values: Values, key: string, words: (time: string) => string): string {
  const seconds = first(values, [key]);
  return seconds === null ? "" : words(duration(seconds));
}

function loitering(values: Values, zone: string | null): string {
  const stayed = first(values, ["dwell_s"]);
  const limit = first(values, ["dwell_threshold_s", "threshold_s"]);
  const place = zone ?? t("onePlace");
  const stay = stayed === null ? t("loiters", { place }) : t("loitered", { place, time: duration(stayed) });
  return limit === null ? stay : stay + t("overLimit", { limit: duration(limit) });
}

/** Every value with a name and a unit. Nested and empty values are left out. */
export function facts(values: Values): Fact[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const text = inWords(key, value);
    return text === null ? [] : [{ name: named(key), value: text }];
  });
}

const UNITS: readonly (readonly [suffix: string, write: (value: number) => string])[] = [
  ["_s", duration],
  ["_ms", (value) => `${Math.round(value)} ms`],
  ["_px", (value) => `${Math.round(value)} px`],
  ["_m", (value) => `${plain(value)} m`],
  ["_body_heights_per_s", (value) => t("bodyHeightsPerS", { value: plain(value) })],
  ["_share", (value) => `${Math.round(value * 100)} %`],
  ["_body_heights", (value) => t("bodyHeights", { value: plain(value), count: value })],
];

function named(key: string): string {
  const known = valueName(key);
  if (known) return known;
  const suffix = UNITS.find(([end]) => key.endsWith(end))?.[0] ?? "";
  return humanise(suffix ? key.slice(0, -suffix.length) : key);
}

function inWords(key: string, value: unknown): string | null {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "number") return UNITS.find(([end]) => key.endsWith(end))?.[1](value) ?? plain(value);
  if (typeof value === "boolean") return value ? t("yes") : t("no");
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.length && value.every((each) => typeof each !== "object")) return value.join(", ");
  return null;
}

function first(values: Values, keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = values[key];
    if (typeof value === "number" && Number.isFinite(value)) return value;
  }
  return null;
}

function plain(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
