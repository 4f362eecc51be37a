/** What a camera's mark on the plan says, and which camera the page is about. Pure. */
import { inOrder, isOpen, shownState, type AlertsState } from "../alerts/alertState";
import type { Alert, Camera, Id, Threat } from "../api/types";

export interface Mark {
  /** No picture comes from it. */
  off: boolean;
  open: number;
  /** The highest threat among its open alerts. */
  threat: Threat | null;
}

const RANK: Record<Threat, number> = { high: 2, medium: 1, low: 0 };

/** Open alerts, the highest threat first and the newest of these. */
export function openAlerts(state: AlertsState): Alert[] {
  const open = inOrder(state.byId.values()).filter((alert) => isOpen(shownState(state, alert)));
  return open.sort((a, b) => RANK[b.threat] - RANK[a.threat]);
}

export function markOf(camera: Pick<Camera, "id" | "state">, open: readonly Alert[]): Mark {
  const own = open.filter(({ camera_id }) => camera_id === camera.id);
  return { off: camera.state !== "live", open: own.length, threat: own[0]?.threat ?? null };
}

/** The camera that the page shows: the one that somebody chose, else that of the newest open alert on the plan. */
export function focusOf(chosen: Id | null, follow: boolean, open: readonly Alert[], placed: readonly Id[]): Id | null {
  if (chosen !== null || !follow) return chosen;
  return inOrder(open).find(({ camera_id }) => placed.includes(camera_id))?.camera_id ?? null;
}
