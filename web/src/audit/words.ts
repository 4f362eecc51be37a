/** One act in plain words. Pure. */
import type { AuditAct, AuditState } from "../api/types";
import { humanise } from "../text/format";

const DONE: Record<string, string> = {
  "log-in": "signed in",
  "log-in-refused": "was refused at sign-in",
  "log-out": "signed out",
  "live-view": "watched live",
  "live-view-ended": "stopped watching",
  snapshot: "took a snapshot of",
  "detections-searched": "searched detections",
  "frame-analyzed": "had an image analysed",
  "request-refused": "was refused",
  "membership-granted": "gave a role to",
  "membership-revoked": "took a role from",
  "user-enabled": "let in again",
  "user-password-reset": "reset the password of",
  "policy-off": "switched off",
  "policy-proposed": "proposed",
  "policy-approved": "approved",
  "policy-rejected": "rejected",
  "acceptance-test-recorded": "recorded",
  "jurisdiction-changed": "changed the place in",
  "alert-looked-again": "had somebody look again at",
  "evidence-asked-for": "asked for evidence",
  "evidence-export-asked-for": "asked for an export of evidence",
  "model-rolled-back": "rolled back model",
  "administration-refused": "was refused an administrative act",
  "audit-read": "read the audit",
  "audit-exported": "exported the audit",
};

/** "camera-created" is "created camera"; a few acts have words of their own. */
export function done(act: string): string {
  const own = DONE[act];
  if (own) return own;
  const words = act.split("-");
  const verb = words.pop() ?? "";
  return words.length ? `${verb} ${words.join(" ")}` : verb;
}

/** The details of an act, each with its name in words. */
export function told(details: AuditAct["details"]): [name: string, value: string][] {
  return Object.entries(details).map(([name, value]) => [humanise(name), plain(value)]);
}

function plain(value: unknown): string {
  if (value === null || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(plain).join(", ") || "–";
  if (typeof value === "object") return Object.entries(value).map(([name, each]) => `${humanise(name).toLowerCase()} ${plain(each)}`).join(", ");
  return String(value);
}

/** What the last verification shows, and no more. `when`: "5 minutes ago". */
export function whole({ verified_rows, verified_anchors }: Pick<AuditState, "verified_rows" | "verified_anchors">, when: string): string {
  if (verified_anchors === 0) return `Checked ${when}: the chain holds up to entry ${verified_rows}. Nothing kept outside the database was compared, so a chain that was rewritten as a whole would not be found.`;
  const kept = verified_anchors === 1 ? "1 fingerprint kept outside the database agrees" : `${verified_anchors} fingerprints kept outside the database agree`;
  return `Nothing up to entry ${verified_rows} was changed afterwards: checked ${when}, and ${kept}.`;
}

export function who(act: AuditAct): string {
  if (act.actor_name) return act.actor_name;
  if (act.actor_kind === "system") return "The system";
  return `${humanise(act.actor_kind)} ${act.actor_id?.slice(-8) ?? ""}`.trim();
}

/** What it was done to: a name where there still is one, else the end of its id. */
export function what(act: AuditAct): string {
  if (act.subject_name) return act.subject_name;
  if (!act.subject_id) return "";
  if (act.subject_kind === "site-policy") return "the site policy";
  const kind = act.subject_kind.replaceAll("-", " ");
  const end = act.subject_id.slice(-8);
  return done(act.act).endsWith(kind) ? end : `${kind} ${end}`;
}
