/** How long evidence stays, in words. Pure. */
import type { Id } from "../api/types";
import type { RetentionClass, Rule, Rules } from "./endpoints";
import { days as inDays } from "../text/format";
import { t } from "./texts";

export const CLASSES = ["alert", "incident", "playback"] as const satisfies readonly RetentionClass[];
type Told = [name: string, from: string];
export const CLASS_WORDS: Record<RetentionClass, Told> = {
  get alert(): Told { return [t("alerts"), t("recordingsAndStillsOfAlertsThat")]; },
  get incident(): Told { return [t("incidents"), t("evidenceOfIncidentsFromTheDay")]; },
  get playback(): Told { return [t("playBacks"), t("whatSomebodyPlayedBackFromA")]; },
};

const RECEIPT_WORDS: Record<string, string> = { get alert() { return t("ofAnAlert"); }, get incident() { return t("ofAnIncident"); }, get playback() { return t("playBack"); }, get erasure() { return t("erasedForARequest"); }, get export() { return t("export"); }, get orphan() { return t("neededByNothing"); } };
const GIGABYTE = 1024 ** 3;

export const receiptKind = (kind: string) => RECEIPT_WORDS[kind] ?? kind;

/** The rule that counts for a store: its own, the chain's, or the default; without a store, for every one without its own. */
export function ruleFor({ items, defaults }: Rules, kind: RetentionClass, storeId: Id | null): { rule: Rule; whose: "store" | "chain" | "default" } {
  const of = (wanted: Id | null) => items.find((each) => each.class === kind && each.store_id === wanted);
  const own = storeId && of(storeId);
  if (own) return { rule: own, whose: "store" };
  const chain = of(null);
  if (chain) return { rule: chain, whose: "chain" };
  const standard = defaults.find((each) => each.class === kind);
  return { rule: standard ?? { class: kind, store_id: null, days: 30, most_bytes: null }, whose: "default" };
}

/** "30 days", "1 day, at most 20 GB a store". */
export function stays({ days, most_bytes }: Pick<Rule, "days" | "most_bytes">): string {
  const long = inDays(days);
  return most_bytes === null ? long : t("atMostGbAStore", { long, value: Number((most_bytes / GIGABYTE).toFixed(1)) });
}

type Bounds = Pick<Rule, "days" | "most_bytes">;

/** Whether a rule ends what the one before would keep. */
export const deletesMore = (before: Bounds, after: Bounds) => after.days < before.days || (after.most_bytes ?? Infinity) < (before.most_bytes ?? Infinity);

export const bytesOf = (gigabytes: number) => Math.round(gigabytes * GIGABYTE);
export const gigabytesOf = (bytes: number) => Number((bytes / GIGABYTE).toFixed(2));

/** "812 kB", "4.3 MB". */
export function weight(bytes: number): string {
  return bytes < 1e6 ? t("kb", { value: Math.max(1, Math.round(bytes / 1e3)) }) : t("mb", { value: (bytes / 1e6).toFixed(1) });
}
