/** Every question the dashboard asks, by name. */
import { ask, askBlob, type Query } from "./client";
import type {
  Alert,
  AlertAction,
  AuditAct,
  AuditState,
  Camera,
  CameraList,
  Discovered,
  Id,
  Me,
  Outcome,
  Page,
  Parameters,
  Point,
  ProbeResult,
  Readiness,
  RotaEntry,
  Rule,
  RuleKind,
  Store,
  StreamSession,
  Threat,
  Zone,
  ZoneKind,
} from "./types";

/** A list page may not hold everything; this many pages are followed at most, of this many rows: ten thousand. */
const MOST_PAGES = 20;
const ROWS = 500;
/** Opening a stream may take the server several seconds of waiting for a key frame. */
const PROBE_TIMEOUT_MS = 45_000;

/** A list whole, page after page. */
export async function everything<T>(path: string, query: Query = {}): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer: Page<T> = await ask<Page<T>>("GET", path, { query: { limit: ROWS, ...query, cursor } });
    items.push(...answer.items);
    cursor = answer.next;
    if (!cursor) break;
  }
  return items;
}

export const whoAmI = () => ask<Me>("GET", "/auth/me");
interface Preferences {
  language: "en" | "es" | null;
}

let choosing: Promise<unknown> = Promise.resolve();

/** After a choice that is on its way: what was asked beside it would bring the old one back. One that was not kept holds in this browser. */
export const preferences = () => choosing.then(() => ask<Preferences>("GET", "/auth/preferences"));
export const choosePreferences = (language: "en" | "es") => (choosing = ask<unknown>("PUT", "/auth/preferences", { body: { language } }));
export const socketTicket = () => ask<{ ticket: string }>("POST", "/auth/ws-ticket", { body: {} });

/** Whether the product is ready; a 503 is an answer here too. */
export const readiness = async (): Promise<Readiness> => (await fetch("/readyz", { signal: AbortSignal.timeout(15_000) })).json();

export const stores = () => everything<Store>("/stores");

export const cameras = (storeId: Id) => everything<Camera>("/cameras", { store_id: storeId });
export const camera = (id: Id) => ask<Camera>("GET", `/cameras/${id}`);
export const addCamera = (storeId: Id, name: string, url: string) =>
  ask<Camera>("POST", "/cameras", { body: { store_id: storeId, name, url } });
type Floor = NonNullable<Camera["floor"]>;

export const changeCamera = (id: Id, change: { name?: string; url?: string; enabled?: boolean; floor?: Floor | null }) =>
  ask<Camera>("PATCH", `/cameras/${id}`, { body: change });
export const removeCamera = (id: Id) => ask<void>("DELETE", `/cameras/${id}`);
export const probeCamera = (url: string, signal?: AbortSignal) =>
  ask<ProbeResult>("POST", "/cameras/probe", { body: { url }, timeoutMs: PROBE_TIMEOUT_MS, ...(signal ? { signal } : {}) });
export const discoverCameras = () => ask<Discovered>("POST", "/cameras/discover", { body: { seconds: 4 } });
export const checkCameraList = (storeId: Id, csv: string) => ask<CameraList>("POST", "/cameras/import/check", { body: { store_id: storeId, csv } });
export const importCameras = (storeId: Id, csv: string) => ask<CameraList>("POST", "/cameras/import", { body: { store_id: storeId, csv } });
export const snapshot = (id: Id) => askBlob(`/cameras/${id}/snapshot`);
export const sessions = async (id: Id) =>
  (await ask<Page<StreamSession>>("GET", `/cameras/${id}/sessions`)).items;

export interface ZoneDraft {
  name: string;
  kind: ZoneKind;
  polygon: Point[];
}
export const zones = (cameraId: Id) => everything<Zone>(`/cameras/${cameraId}/zones`);
export const addZone = (cameraId: Id, zone: ZoneDraft) => ask<Zone>("POST", `/cameras/${cameraId}/zones`, { body: zone });
export const changeZone = (cameraId: Id, id: Id, zone: ZoneDraft) =>
  ask<Zone>("PATCH", `/cameras/${cameraId}/zones/${id}`, { body: zone });
export const removeZone = (cameraId: Id, id: Id) => ask<void>("DELETE", `/cameras/${cameraId}/zones/${id}`);

export interface RuleDraft {
  store_id: Id;
  camera_id: Id | null;
  zone_id: Id | null;
  kind: string;
  parameters: Parameters;
  enabled: boolean;
}
export const rules = (storeId: Id) => everything<Rule>("/rules", { store_id: storeId });
export const ruleKinds = () => everything<RuleKind>("/rules/kinds");
export const addRule = (rule: RuleDraft) => ask<Rule>("POST", "/rules", { body: rule });
export const changeRule = (id: Id, change: { parameters?: Parameters; enabled?: boolean }) =>
  ask<Rule>("PATCH", `/rules/${id}`, { body: change });

export const alerts = (query: Query) => ask<Page<Alert>>("GET", "/alerts", { query });
export const alert = (id: Id) => ask<Alert>("GET", `/alerts/${id}`);
export interface HowToAct {
  /** Act although somebody else claimed it. */
  take_over?: boolean;
  outcome?: Outcome;
  until?: string;
  reason?: string;
}
export const seenAlerts = async (ids: readonly Id[]) => (await ask<{ alert_ids: Id[] }>("GET", "/alerts/seen", { query: { alert_id: ids } })).alert_ids;
export const markSeen = (ids: readonly Id[]) => ask<void>("POST", "/alerts/seen", { body: { alert_ids: ids } });

export interface RotaDraft {
  user_id: Id;
  store_id: Id | null;
  region_id: Id | null;
  days: number[];
  starts: string;
  ends: string;
  timezone: string;
  after_s: number;
  lowest_threat: Threat;
}
export const rota = (storeId: Id) => everything<RotaEntry>("/notifications/rota", { store_id: storeId });
export const addRotaEntry = (entry: RotaDraft) => ask<RotaEntry>("POST", "/notifications/rota", { body: entry });
export const removeRotaEntry = (id: Id) => ask<void>("DELETE", `/notifications/rota/${id}`);
export const usernames = async () => (await everything<{ id: Id; username: string; disabled: boolean }>("/users"));
export const actOnAlert = (id: Id, action: AlertAction, how: HowToAct = {}) =>
  ask<Alert>("POST", `/alerts/${id}/${action}`, { body: how });

export const auditActs = (query: Query) => ask<Page<AuditAct>>("GET", "/audit", { query });
export const auditState = () => ask<AuditState>("GET", "/audit/state");
export const auditExport = (query: Query) => askBlob("/audit/export", { query, timeoutMs: 600_000 });
