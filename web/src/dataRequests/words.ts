/** A data-subject request in words. Pure. */
import type { DataRequest, FootageState, Holder, RequestKind, RequestOutcome } from "./endpoints";
import { days as inDays } from "../text/format";
import { t } from "./texts";

const DAY_MS = 86_400_000;

export const KIND_WORDS: Record<RequestKind, string> = { get access() { return t("access"); }, get erasure() { return t("erasure"); } };
export const OUTCOME_WORDS: Record<RequestOutcome, string> = { get fulfilled() { return t("fulfilled"); }, get "partly-fulfilled"() { return t("partlyFulfilled"); }, get "nothing-held"() { return t("nothingHeld"); }, get refused() { return t("refused"); } };

type Told = [words: string, tone: "good" | "ending" | "bad" | "plain"];
export const FOOTAGE_WORDS: Record<FootageState, Told> = {
  get "to-look-at"(): Told { return [t("toLookAt"), "ending"]; },
  get "not-theirs"(): Told { return [t("notInIt"), "plain"]; },
  get theirs(): Told { return [t("inIt"), "plain"]; },
  get due(): Told { return [t("beingErased"), "ending"]; },
  get kept(): Told { return [t("kept"), "bad"]; },
  get erased(): Told { return [t("erased"), "good"]; },
  get lost(): Told { return [t("lost"), "bad"]; },
};
export const HOLDER_WORDS: Record<Holder, string> = {
  get "legal-hold"() { return t("aLegalHold"); },
  get "open-case"() { return t("anIncidentThatIsNotClosed"); },
  get complaint() { return t("aComplaintThatIsNotDecided"); },
  get "data-request"() { return t("anotherPersonSRequest"); },
};

/** What is due, and how it looks. */
export function due({ state, answer_by, outcome }: Pick<DataRequest, "state" | "answer_by" | "outcome">, nowMs: number): [words: string, tone: "good" | "ending" | "bad"] {
  if (state === "answered") return [outcome ? OUTCOME_WORDS[outcome] : t("answered"), "good"];
  const left = Date.parse(answer_by) - nowMs;
  if (left < 0) return [t("answerOverdue"), "bad"];
  const days = Math.ceil(left / DAY_MS);
  return [t("answerWithin", { days: inDays(days) }), "ending"];
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
