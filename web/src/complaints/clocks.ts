/** The clocks of a complaint in words. Pure. */
import type { Complaint, ComplaintOutcome } from "./endpoints";

const DAY_MS = 86_400_000;

export const OUTCOME_WORDS: Record<ComplaintOutcome, string> = { upheld: "Upheld", "partly-upheld": "Partly upheld", "not-upheld": "Not upheld" };

/** What is due next, and how it looks. */
export function due({ state, acknowledge_by, answer_by, outcome }: Pick<Complaint, "state" | "acknowledge_by" | "answer_by" | "outcome">, nowMs: number): [words: string, tone: "good" | "ending" | "bad"] {
  if (state === "decided") return [outcome ? OUTCOME_WORDS[outcome] : "Decided", "good"];
  const [what, by] = state === "open" ? ["Acknowledge", acknowledge_by] : ["Answer", answer_by];
  const days = Math.ceil((Date.parse(by) - nowMs) / DAY_MS);
  if (days < 0 || Date.parse(by) < nowMs) return [`${what}: overdue`, "bad"];
  return [`${what} within ${days} ${days === 1 ? "day" : "days"}`, "ending"];
}
