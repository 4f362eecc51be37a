/** What a shift leaves to the next. Pure. */
import type { Alert, Threat } from "../api/types";
import { isOpen } from "./alertState";

const RANK: Record<Threat, number> = { high: 2, medium: 1, low: 0 };

/** Those first whom nobody is done with, then by threat, then the oldest: what has waited longest is looked at first. */
export function byUrgency<A extends Pick<Alert, "state" | "threat" | "raised_at">>(alerts: readonly A[]): A[] {
  return [...alerts].sort((a, b) => Number(isOpen(b.state)) - Number(isOpen(a.state)) || RANK[b.threat] - RANK[a.threat] || a.raised_at.localeCompare(b.raised_at));
}

export function tally(alerts: readonly Pick<Alert, "state" | "threat" | "outcome">[]): { raised: number; resolved: number; wrong: number; high: number } {
  return {
    raised: alerts.length,
    resolved: alerts.filter(({ state }) => state === "resolved").length,
    wrong: alerts.filter(({ outcome }) => outcome === "false").length,
    high: alerts.filter(({ threat }) => threat === "high").length,
  };
}
