/** A data-subject request in words. Pure. */
import type { DataRequest, RequestKind, RequestOutcome } from "./endpoints";

const DAY_MS = 86_400_000;

export const KIND_WORDS: Record<RequestKind, string> = { access: "Access", erasure: "Erasure" };
export const OUTCOME_WORDS: Record<RequestOutcome, string> = { fulfilled: "Fulfilled", "partly-fulfilled": "Partly fulfilled", "nothing-held": "Nothing held", refused: "Refused" };

/** What is due, and how it looks. */
export function due({ state, answer_by, outcome }: Pick<DataRequest, "state" | "answer_by" | "outcome">, nowMs: number): [words: string, tone: "good" | "ending" | "bad"] {
  if (state === "answered") return [outcome ? OUTCOME_WORDS[outcome] : "Answered", "good"];
  const left = Date.parse(answer_by) - nowMs;
  if (left < 0) return ["Answer: overdue", "bad"];
  const days = Math.ceil(left / DAY_MS);
  return [`Answer within ${days} ${days === 1 ? "day" : "days"}`, "ending"];
}

/** The outcomes that can be claimed now; the server decides again. */
export function outcomes(kind: RequestKind, entries: readonly { erased: boolean }[], { searches, exports }: Pick<DataRequest, "searches" | "exports">): RequestOutcome[] {
  const fulfilled = kind === "access" ? exports > 0 : entries.length > 0 && entries.every(({ erased }) => erased);
  const nothing = searches > 0 && entries.length === 0;
  return [...(fulfilled ? (["fulfilled"] as const) : []), ...(nothing ? (["nothing-held"] as const) : []), "partly-fulfilled", "refused"];
}
