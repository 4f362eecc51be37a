/** One act in plain words. Pure. */
import type { AuditAct } from "../api/types";
import { humanise } from "../text/format";

const DONE: Record<string, string> = {
  "log-in": "signed in",
  "log-in-refused": "was refused at sign-in",
  "log-out": "signed out",
  "live-view": "watched live",
  snapshot: "took a snapshot of",
  "detections-searched": "searched detections",
  "frame-analyzed": "had an image analysed",
  "request-refused": "was refused",
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

export function who(act: AuditAct): string {
  if (act.actor_name) return act.actor_name;
  if (act.actor_kind === "system") return "The system";
  return `${humanise(act.actor_kind)} ${act.actor_id?.slice(-8) ?? ""}`.trim();
}

/** What it was done to: a name where there still is one, else the end of its id. */
export function what(act: AuditAct): string {
  if (act.subject_name) return act.subject_name;
  return act.subject_id ? `${act.subject_kind} ${act.subject_id.slice(-8)}` : "";
}
