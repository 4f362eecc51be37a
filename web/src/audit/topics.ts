/** The acts by what they are about, for a list that can be searched by eye. Pure. */
import { ACTS } from "../api/acts";
import { humanise } from "../text/format";

const TOPICS: readonly (readonly [topic: string, beginnings: RegExp])[] = [
  ["Watching", /^(live-view|snapshot|frame|detections)/],
  ["Alerts and incidents", /^(alert|incident|second-look|rota)/],
  ["Evidence", /^(evidence|retention)/],
  ["Lists and leads", /^(watchlist|assignment|person|enrolment|face|identity|match|false-match|threshold)/],
  ["Signing in", /^(log-|refresh|token|ticket|second-factor|recovery|password|session|sign-in|oidc)/],
  ["People and keys", /^(user|membership|administration|api-key|key-|templates)/],
  ["Stores, cameras and rules", /^(chain|region|store|camera|zone|rule|mask)/],
  ["Site policy and training", /^(policy|jurisdiction|sign-photo|acceptance|course|training)/],
  ["Complaints and data requests", /^(complaint|data-request)/],
  ["Messages", /^(notification|webhook)/],
  ["Models", /^model/],
  ["The record itself", /^(audit|request-refused)/],
];

export interface Topic {
  topic: string;
  acts: { act: string; name: string }[];
}

/** Each act once, under the first topic that it fits. */
export function byTopic(): Topic[] {
  const of = (act: string) => TOPICS.find(([, beginnings]) => beginnings.test(act))?.[0] ?? "Other";
  return [...TOPICS.map(([topic]) => topic), "Other"]
    .map((topic) => ({ topic, acts: ACTS.filter((act) => of(act) === topic).map((act) => ({ act, name: humanise(act) })) }))
    .map(({ topic, acts: found }) => ({ topic, acts: found.sort((a, b) => a.name.localeCompare(b.name)) }))
    .filter(({ acts: found }) => found.length > 0);
}
