/** Why an alert was raised, in words. The service gives values; sentences are made here. */
import { duration, humanise } from "./format";

export interface Fact {
  name: string;
  value: string;
}

type Values = Record<string, unknown>;

/** One sentence for the list. `zone` is the zone's name where there is one. */
export function headline(kind: string, values: Values, zone?: string | null): string {
  if (kind === "loitering") return loitering(values, zone);
  const act = ACTS[kind]?.(values, zone ? ` in ${zone}` : "");
  if (act) return act;
  const said = values["sentence"] ?? values["reason"];
  return typeof said === "string" && said ? said : humanise(kind);
}

/** Sentences about acts; never about who or what somebody is. */
const ACTS: Record<string, (values: Values, place: string) => string> = {
  falling: (values, place) => `A person went down fast${place}${lasting(values, "down_s", " and has lain there for ")}`,
  floor: (values, place) => `A person lies on the floor${place}${lasting(values, "lies_s", ", for ")}`,
  entry: (values, place) => `A person is in${place ? place.slice(3) : " a closed zone"}${lasting(values, "inside_s", ", for ")}`,
  crossing: (values, place) => `A person went over${place ? place.slice(3) : " the line"}${values["direction"] === "against-the-arrow" ? ", against its arrow" : ""}`,
  crowding: (values, place) => `${counted(values)} at once${place}${lasting(values, "lasted_s", ", for ")}`,
  queue: (values, place) => `${counted(values)} wait${place}${lasting(values, "longest_wait_s", ", the longest for ")}`,
  reaching: (values, place) => `A hand reaches into${place ? place.slice(3) : " a shelf"}${lasting(values, "lasted_s", ", for ")}`,
  running: (values, place) => `A person runs${place}${lasting(values, "lasted_s", ", for ")}`,
  fighting: (values, place) => {
    const blows = first(values, ["blows"]);
    return blows === null ? `Blows between people close to each other${place}` : `${blows} blows between people close to each other${place}${lasting(values, "window_s", " within ")}`;
  },
};

function counted(values: Values): string {
  const people = first(values, ["people"]);
  return people === null ? "Many people" : `${people} people`;
}

function lasting(values: Values, key: string, words: string): string {
  const seconds = first(values, [key]);
  return seconds === null ? "" : `${words}${duration(seconds)}`;
}

function loitering(values: Values, zone?: string | null): string {
  const stayed = first(values, ["dwell_s"]);
  const limit = first(values, ["dwell_threshold_s", "threshold_s"]);
  const place = zone ? `in ${zone}` : "in one place";
  const stay = stayed === null ? `A person stays ${place}` : `A person stayed ${place} for ${duration(stayed)}`;
  return limit === null ? stay : `${stay}, longer than the ${duration(limit)} allowed`;
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
  ["_body_heights_per_s", (value) => `${plain(value)} body heights a second`],
  ["_share", (value) => `${Math.round(value * 100)} %`],
  ["_body_heights", (value) => `${plain(value)} body ${value === 1 ? "height" : "heights"}`],
];

const NAMES: Record<string, string> = {
  dwell_s: "Stayed",
  dwell_threshold_s: "Allowed",
  threshold_s: "Allowed",
  down_s: "Down for",
  lies_s: "On the floor for",
  lies_threshold_s: "Alert after",
  lying_share: "Looks like lying",
  descent_body_heights_per_s: "Went down at",
  descent_threshold_body_heights_per_s: "Speed that was set",
  drop_body_heights: "Went down by",
  drop_threshold_body_heights: "A fall goes down by at least",
  speed_body_heights_per_s: "Speed",
  speed_threshold_body_heights_per_s: "Running is faster than",
  inside_s: "Inside for",
  inside_threshold_s: "Alert after",
  beyond_body_heights: "Beyond the line by",
  clear_threshold_body_heights: "Counts as over from",
  people: "People",
  people_threshold: "Alert from",
  longest_wait_s: "Longest wait",
  reach_body_heights: "Hand off the body by",
  reach_threshold_body_heights: "Counts as a reach from",
  lasted_s: "For",
  blows: "Blows seen",
  blows_threshold: "Alert from",
  fastest_body_heights_per_s: "Fastest limb",
  window_s: "Within",
  time_span_s: "From first to last seen",
  radius_body_heights: "Moved within",
  radius_threshold_body_heights: "Counts as one place",
};

function named(key: string): string {
  const known = NAMES[key];
  if (known) return known;
  const suffix = UNITS.find(([end]) => key.endsWith(end))?.[0] ?? "";
  return humanise(suffix ? key.slice(0, -suffix.length) : key);
}

function inWords(key: string, value: unknown): string | null {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "number") return UNITS.find(([end]) => key.endsWith(end))?.[1](value) ?? plain(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
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
