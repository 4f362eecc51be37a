/** The clocks of a complaint in words. Pure. */
import type { Complaint, ComplaintOutcome } from "./endpoints";
import { days as inDays } from "../text/format";
import { t } from "./texts";

const DAY_MS = 86_400_000;

export const OUTCOME_WORDS: Record<ComplaintOutcome, string> = { get upheld() { return t("upheld"); }, get "partly-upheld"() { return t("partlyUpheld"); }, get "not-upheld"() { return t("notUpheld"); } };

/** What is due next, and how it looks. */
export function due({ state, acknowledge_by, answer_by, outcome }: Pick<Complaint, "state" | "acknowledge_by" | "answer_by" | "outcome">, nowMs: number): [words: string, tone: "good" | "ending" | "bad"] {
  if (state === "decided") return [outcome ? OUTCOME_WORDS[outcome] : t("decided"), "good"];
  const [what, by] = state === "open" ? [t("acknowledge"), acknowledge_by] : [t("answer"), answer_by];
  const days = Math.ceil((Date.parse(by) - nowMs) / DAY_MS);
  if (days < 0 || Date.parse(by) < nowMs) return [t("overdue", { what }), "bad"];
  return [t("within", { what, days: inDays(days) }), "ending"];
}
