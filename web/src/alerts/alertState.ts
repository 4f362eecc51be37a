/** The alerts this page knows, as plain state. Server answers win over guesses, newer changes over older. */
import type { Alert, AlertAction, AlertState, Id, Threat } from "../api/types";
import type { AlertNews } from "../socket/messages";

export interface AlertsState {
  byId: ReadonlyMap<Id, Alert>;
  /** Actions on their way to the server. */
  pending: ReadonlyMap<Id, AlertAction>;
  /** Why the last action on an alert failed. */
  failed: ReadonlyMap<Id, string>;
}

export const NO_ALERTS: AlertsState = { byId: new Map(), pending: new Map(), failed: new Map() };

/** Keep this many in memory; older ones come back from the API when asked for. */
export const MOST_ALERTS = 1_000;

const AFTER: Record<AlertAction, AlertState> = {
  claim: "claimed",
  acknowledge: "acknowledged",
  snooze: "snoozed",
  escalate: "escalated",
  resolve: "resolved",
  reopen: "raised",
};

export const isOpen = (state: AlertState): boolean => state !== "resolved" && state !== "acknowledged";

/** Somebody else is on it: only taking over is possible. */
export const isTaken = (alert: Pick<Alert, "state" | "claimed_by">, myId: Id): boolean =>
  alert.state === "claimed" && alert.claimed_by !== null && alert.claimed_by.id !== myId;

/** Actions that make sense for a person, the usual next step first. */
export function actionsFor(alert: Pick<Alert, "state" | "claimed_by" | "escalation_level">, myId: Id): AlertAction[] {
  if (alert.state === "resolved") return ["reopen"];
  if (alert.state === "acknowledged") return ["resolve", "reopen"];
  if (isTaken(alert, myId)) return ["claim"];
  const up: AlertAction[] = alert.escalation_level === "operations-centre" ? [] : ["escalate"];
  if (alert.state === "claimed") return ["acknowledge", ...up, "snooze", "resolve"];
  return ["acknowledge", "claim", ...up, "snooze", "resolve"];
}

export function received(state: AlertsState, alerts: readonly Alert[]): AlertsState {
  const byId = new Map(state.byId);
  for (const alert of alerts) put(byId, alert);
  return { ...state, byId: trimmed(byId) };
}

/** A socket message. Null when it says too little about an alert that is not known yet: ask the API for it. */
export function heard(state: AlertsState, news: AlertNews): AlertsState | null {
  const known = state.byId.get(news.id);
  const whole = known ? { ...known, ...news } : news;
  return isWhole(whole) ? received(state, [whole]) : null;
}

export function begun(state: AlertsState, id: Id, action: AlertAction): AlertsState {
  const failed = new Map(state.failed);
  failed.delete(id);
  return { ...state, pending: new Map(state.pending).set(id, action), failed };
}

/** The server's answer to an action, or the sentence why it refused. */
export function ended(state: AlertsState, id: Id, outcome: Alert | string): AlertsState {
  const pending = new Map(state.pending);
  pending.delete(id);
  const without = { ...state, pending };
  if (typeof outcome !== "string") return received(without, [outcome]);
  return { ...without, failed: new Map(state.failed).set(id, outcome) };
}

/** What to show: the expected state while an action is on its way, the server's otherwise. */
export function shownState(state: AlertsState, alert: Alert): AlertState {
  const action = state.pending.get(alert.id);
  return action ? AFTER[action] : alert.state;
}

const RANK: Record<Threat, number> = { high: 2, medium: 1, low: 0 };

/** Newest first. */
export function inOrder(alerts: Iterable<Alert>): Alert[] {
  return [...alerts].sort((a, b) => later(a.raised_at, b.raised_at) || later(a.id, b.id));
}

/** Times of the API and ids are plain ASCII: comparing them by a language's rules would take most of a sort. */
function later(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? 1 : -1;
}

/** A group's alerts beside each other, where its newest one stands. */
export function grouped(alerts: readonly Alert[]): Alert[] {
  const groups = new Map<Id, Alert[]>();
  for (const alert of alerts) {
    const id = alert.group_id ?? alert.id;
    const known = groups.get(id);
    if (known) known.push(alert);
    else groups.set(id, [alert]);
  }
  return [...groups.values()].flat();
}

export interface OpenCount {
  count: number;
  threat: Threat | null;
}

/** How many nobody has dealt with, and the highest threat among them. */
export function openCount(state: AlertsState): OpenCount {
  let count = 0;
  let threat: Threat | null = null;
  for (const alert of state.byId.values()) {
    if (!isOpen(shownState(state, alert))) continue;
    count += 1;
    if (threat === null || RANK[alert.threat] > RANK[threat]) threat = alert.threat;
  }
  return { count, threat };
}

function put(byId: Map<Id, Alert>, alert: Alert): void {
  const known = byId.get(alert.id);
  // A page asked for before a change may arrive after it.
  if (known && Date.parse(alert.changed_at) < Date.parse(known.changed_at)) return;
  byId.set(alert.id, known ? { ...known, ...alert } : alert);
}

function isWhole(news: AlertNews): news is Alert {
  return typeof news.raised_at === "string" && typeof news.threat === "string" && typeof news.explanation === "object" && typeof news.changed_at === "string";
}

function trimmed(byId: Map<Id, Alert>): Map<Id, Alert> {
  if (byId.size <= MOST_ALERTS) return byId;
  return new Map(inOrder(byId.values()).slice(0, MOST_ALERTS).map((alert) => [alert.id, alert]));
}
