/** Which alerts to show: kept in the page's address, so that it can be shared and survives a reload. */
import type { Query } from "../api/client";
import type { Alert, AlertState, Id, Threat } from "../api/types";
import { t } from "./texts";

export type Shown = "open" | "acknowledged" | "resolved" | "all";

export interface Filter {
  shown: Shown;
  cameraId: Id | null;
  kind: string | null;
  threat: Threat | null;
}

export const THREATS: readonly Threat[] = ["high", "medium", "low"];

export const OPEN_STATES: readonly AlertState[] = ["raised", "claimed", "escalated", "snoozed"];

const STATES: Record<Shown, readonly AlertState[]> = {
  open: OPEN_STATES,
  acknowledged: ["acknowledged"],
  resolved: ["resolved"],
  all: [],
};

export const SHOWN_WORDS: Record<Shown, string> = {
  get open() { return t("open"); },
  get acknowledged() { return t("acknowledged"); },
  get resolved() { return t("resolved"); },
  get all() { return t("all"); },
};

export function readFilter(params: URLSearchParams): Filter {
  const state = params.get("state") ?? "";
  return {
    shown: Object.hasOwn(STATES, state) ? (state as Shown) : "open",
    cameraId: params.get("camera"),
    kind: params.get("kind"),
    threat: THREATS.find((threat) => threat === params.get("threat")) ?? null,
  };
}

export function writeFilter(filter: Filter): URLSearchParams {
  const params = new URLSearchParams();
  if (filter.shown !== "open") params.set("state", filter.shown);
  if (filter.cameraId) params.set("camera", filter.cameraId);
  if (filter.kind) params.set("kind", filter.kind);
  if (filter.threat) params.set("threat", filter.threat);
  return params;
}

export function asQuery(filter: Filter, storeId: Id, cursor: string | null): Query {
  return { store_id: storeId, camera_id: filter.cameraId, kind: filter.kind, threat: filter.threat, state: STATES[filter.shown], cursor };
}

/** `state` is the state on show, which may be ahead of the server's. */
export function passes(filter: Filter, alert: Alert, state: AlertState): boolean {
  const states = STATES[filter.shown];
  return (
    (states.length === 0 || states.includes(state)) &&
    (filter.cameraId === null || alert.camera_id === filter.cameraId) &&
    (filter.kind === null || alert.kind === filter.kind) &&
    (filter.threat === null || alert.threat === filter.threat)
  );
}
