/** The acts by what they are about, for a list that can be searched by eye. Pure. */
import { ACTS } from "../api/acts";
import { humanise } from "../text/format";
import { t } from "./texts";
import { spanish } from "./words";

const TOPICS: readonly (readonly [topic: () => string, beginnings: RegExp])[] = [
  [() => t("watching"), /^(live-view|snapshot|frame|detections|visits)/],
  [() => t("alertsAndIncidents"), /^(alert|incident|second-look|rota)/],
  [() => t("evidence"), /^(evidence|retention)/],
  [() => t("listsAndLeads"), /^(watchlist|assignment|person|enrolment|face|gait|identity|match|false-match|threshold)/],
  [() => t("signingIn"), /^(language|log-|refresh|token|ticket|second-factor|recovery|password|session|sign-in|oidc)/],
  [() => t("peopleAndKeys"), /^(user|membership|administration|api-key|key-|templates)/],
  [() => t("storesCamerasAndRules"), /^(chain|region|store|camera|zone|rule|mask|floor-plan|layout)/],
  [() => t("sitePolicyAndTraining"), /^(policy|jurisdiction|sign-photo|acceptance|course|training)/],
  [() => t("complaintsAndDataRequests"), /^(complaint|data-request)/],
  [() => t("messages"), /^(notification|webhook)/],
  [() => t("models"), /^model/],
  [() => t("theRecordItself"), /^(audit|request-refused)/],
];

export interface Topic {
  topic: string;
  acts: { act: string; name: string }[];
}

/** Each act once, under the first topic that it fits. */
export function byTopic(): Topic[] {
  const of = (act: string) => TOPICS.find(([, beginnings]) => beginnings.test(act))?.[0]() ?? t("other");
  return [...TOPICS.map(([topic]) => topic()), t("other")]
    .map((topic) => ({ topic, acts: ACTS.filter((act) => of(act) === topic).map((act) => ({ act, name: humanise(spanish(act) ?? act) })) }))
    .map(({ topic, acts: found }) => ({ topic, acts: found.sort((a, b) => a.name.localeCompare(b.name)) }))
    .filter(({ acts: found }) => found.length > 0);
}
