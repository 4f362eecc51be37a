/** A data-subject request in words. Pure. */
import type { DataRequest, FootageState, Holder, RequestKind, RequestOutcome } from "./endpoints";

const DAY_MS = 86_400_000;

export const KIND_WORDS: Record<RequestKind, string> = { access: "Access", erasure: "Erasure" };
export const OUTCOME_WORDS: Record<RequestOutcome, string> = { fulfilled: "Fulfilled", "partly-fulfilled": "Partly fulfilled", "nothing-held": "Nothing held", refused: "Refused" };

export const FOOTAGE_WORDS: Record<FootageState, [words: string, tone: "good" | "ending" | "bad" | "plain"]> = {
  "to-look-at": ["To look at", "ending"],
  "not-theirs": ["Not in it", "plain"],
  theirs: ["In it", "plain"],
  due: ["Being erased", "ending"],
  kept: ["Kept", "bad"],
  erased: ["Erased", "good"],
  lost: ["Lost", "bad"],
};
export const HOLDER_WORDS: Record<Holder, string> = {
  "legal-hold": "a legal hold",
  "open-case": "an incident that is not closed",
  complaint: "a complaint that is not decided",
  "data-request": "another person's request",
};

/** What is due, and how it looks. */
export function due({ state, answer_by, outcome }: Pick<DataRequest, "state" | "answer_by" | "outcome">, nowMs: number): [words: string, tone: "good" | "ending" | "bad"] {
  if (state === "answered") return [outcome ? OUTCOME_WORDS[outcome] : "Answered", "good"];
  const left = Date.parse(answer_by) - nowMs;
  if (left < 0) return ["Answer: overdue", "bad"];
  const days = Math.ceil(left / DAY_MS);
  return [`Answer within ${days} ${days === 1 ? "day" : "days"}`, "ending"];
}

interface Claimed {
  entries: readonly { erased: boolean }[];
  footage: readonly { state: FootageState }[];
  more_footage: boolean;
}

/** The outcomes that can be claimed now; the server decides again. */
export function outcomes(kind: RequestKind, { entries, footage, more_footage }: Claimed, { searches, exports }: Pick<DataRequest, "searches" | "exports">): [RequestOutcome, ...RequestOutcome[]] {
  const left = more_footage || footage.some(({ state }) => state !== "erased" && state !== "not-theirs");
  const erased = entries.length > 0 || footage.some(({ state }) => state === "erased");
  const fulfilled = kind === "access" ? exports > 0 : erased && !left && entries.every((each) => each.erased);
  const nothing = searches > 0 && entries.length === 0 && !more_footage && footage.every(({ state }) => state === "not-theirs");
  const always = ["partly-fulfilled", "refused"] as const;
  if (fulfilled) return nothing ? ["fulfilled", "nothing-held", ...always] : ["fulfilled", ...always];
  return nothing ? ["nothing-held", ...always] : [...always];
}
