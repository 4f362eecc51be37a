/** One act in plain words. Pure. */
import type { AuditAct, AuditState } from "../api/types";
import { humanise } from "../text/format";
import { language } from "../text/language";
import { ACTS_ES } from "./actsTexts";
import { t } from "./texts";

const DONE: Record<string, string> = {
  get "log-in"() { return t("signedIn"); },
  get "log-in-refused"() { return t("wasRefusedAtSignIn"); },
  get "log-out"() { return t("signedOut"); },
  get "live-view"() { return t("watchedLive"); },
  get "live-view-ended"() { return t("stoppedWatching"); },
  get snapshot() { return t("tookASnapshotOf"); },
  get "detections-searched"() { return t("searchedDetections"); },
  get "visits-shown"() { return t("lookedAtThePathOf"); },
  get "frame-analyzed"() { return t("hadAnImageAnalysed"); },
  get "request-refused"() { return t("wasRefused"); },
  get "membership-granted"() { return t("gaveARoleTo"); },
  get "membership-revoked"() { return t("tookARoleFrom"); },
  get "user-enabled"() { return t("letInAgain"); },
  get "user-password-reset"() { return t("resetThePasswordOf"); },
  get "policy-off"() { return t("switchedOff"); },
  get "policy-proposed"() { return t("proposed"); },
  get "policy-approved"() { return t("approved"); },
  get "policy-rejected"() { return t("rejected"); },
  get "acceptance-test-recorded"() { return t("recorded"); },
  get "jurisdiction-changed"() { return t("changedThePlaceIn"); },
  get "alert-looked-again"() { return t("hadSomebodyLookAgainAt"); },
  get "evidence-asked-for"() { return t("askedForEvidence"); },
  get "evidence-export-asked-for"() { return t("askedForAnExportOfEvidence"); },
  get "model-rolled-back"() { return t("rolledBackModel"); },
  get "administration-refused"() { return t("wasRefusedAnAdministrativeAct"); },
  get "audit-read"() { return t("readTheAudit"); },
  get "audit-exported"() { return t("exportedTheAudit"); },
};

/** An act's words where the page speaks Spanish and they are known. */
export const spanish = (act: string): string | undefined => (language() === "es" ? ACTS_ES[act as keyof typeof ACTS_ES] : undefined);

/** "camera-created" is "created camera"; a few acts have words of their own. */
export function done(act: string): string {
  const own = spanish(act) ?? DONE[act];
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
  if (typeof value === "boolean") return value ? t("yes") : t("noWord");
  if (Array.isArray(value)) return value.map(plain).join(", ") || "–";
  if (typeof value === "object") return Object.entries(value).map(([name, each]) => `${humanise(name).toLowerCase()} ${plain(each)}`).join(", ");
  return String(value);
}

/** What the last verification shows, and no more. `when`: "5 minutes ago". */
export function whole({ verified_rows, verified_anchors }: Pick<AuditState, "verified_rows" | "verified_anchors">, when: string): string {
  if (verified_anchors === 0) return t("checkedTheChainHoldsUpTo", { when, verifiedRows: verified_rows });
  const kept = verified_anchors === 1 ? t("n1FingerprintKeptOutsideTheDatabase") : t("fingerprintsKeptOutsideTheDatabaseAgree", { verifiedAnchors: verified_anchors });
  return t("nothingUpToEntryWasChanged", { verifiedRows: verified_rows, when, kept });
}

export function who(act: AuditAct): string {
  if (act.actor_name) return act.actor_name;
  if (act.actor_kind === "system") return t("theSystem");
  return `${act.actor_kind === "api-key" ? t("apiKey") : t("user")} ${act.actor_id?.slice(-8) ?? ""}`.trim();
}

/** What it was done to: a name where there still is one, else the end of its id. */
export function what(act: AuditAct): string {
  if (act.subject_name) return act.subject_name;
  if (!act.subject_id) return "";
  if (act.subject_kind === "site-policy") return t("theSitePolicy");
  const kind = act.subject_kind.replaceAll("-", " ");
  const end = act.subject_id.slice(-8);
  return done(act.act).endsWith(kind) ? end : `${kind} ${end}`;
}
