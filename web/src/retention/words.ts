/** How long evidence stays, in words. Pure. */
import type { Id } from "../api/types";
import type { RetentionClass, Rule, Rules } from "./endpoints";

export const CLASSES = ["alert", "incident", "playback"] as const satisfies readonly RetentionClass[];
export const CLASS_WORDS: Record<RetentionClass, [name: string, from: string]> = {
  alert: ["Alerts", "Recordings and stills of alerts that no incident took, from when they were stored"],
  incident: ["Incidents", "Evidence of incidents, from the day the last of them was closed"],
  playback: ["Look-backs", "What somebody looked back at in a camera's last ten minutes"],
};

const RECEIPT_WORDS: Record<string, string> = { alert: "Of an alert", incident: "Of an incident", playback: "Look-back", erasure: "Erased for a request", export: "Export", orphan: "Needed by nothing" };
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
  const long = `${days} ${days === 1 ? "day" : "days"}`;
  return most_bytes === null ? long : `${long}, at most ${Number((most_bytes / GIGABYTE).toFixed(1))} GB a store`;
}

type Bounds = Pick<Rule, "days" | "most_bytes">;

/** Whether a rule ends what the one before would keep. */
export const deletesMore = (before: Bounds, after: Bounds) => after.days < before.days || (after.most_bytes ?? Infinity) < (before.most_bytes ?? Infinity);

export const bytesOf = (gigabytes: number) => Math.round(gigabytes * GIGABYTE);
export const gigabytesOf = (bytes: number) => Number((bytes / GIGABYTE).toFixed(2));

/** "812 kB", "4.3 MB". */
export function weight(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
