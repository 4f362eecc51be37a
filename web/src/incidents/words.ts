import type { IncidentState } from "./endpoints";

export const INCIDENT_STATE_WORDS: Record<IncidentState, string> = { open: "Open", "in-review": "In review", closed: "Closed" };
/** Acts to choose from; what a camera saw brings its own. */
export const INCIDENT_KINDS: readonly [string, string][] = [
  ["theft", "Theft"],
  ["falling", "Fall"],
  ["fighting", "Fight"],
  ["threat", "Threat"],
  ["damage", "Damage"],
  ["other", "Something else"],
];
