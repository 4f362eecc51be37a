import type { IncidentState } from "./endpoints";
import { t } from "./texts";

export const INCIDENT_STATE_WORDS: Record<IncidentState, string> = { get open() { return t("open"); }, get "in-review"() { return t("inReview"); }, get closed() { return t("closed"); } };
/** Acts to choose from; what a camera saw brings its own. */
export const incidentKinds = (): readonly [string, string][] => [
  ["theft", t("theft")],
  ["falling", t("fall")],
  ["fighting", t("fight")],
  ["threat", t("threat")],
  ["damage", t("damage")],
  ["other", t("somethingElse")],
];
