/**
 * The shapes the dashboard reads from the API, under the names the pages use.
 * `npm run types` writes schema.d.ts from openapi.json; an alias here then points at `components["schemas"]`.
 */

/** RFC 3339 UTC text. */
export type Timestamp = string;
/** UUIDv7 text. */
export type Id = string;

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Token {
  access_token: string;
  token_type: string;
  expires_in: number;
}

export interface Me {
  id: Id;
  username: string;
  roles: string[];
  permissions: string[];
}

export interface Store {
  id: Id;
  name: string;
  timezone: string;
}

export type CameraState = "connecting" | "live" | "frozen" | "reconnecting" | "refused" | "stopped" | "waiting";

export interface Camera {
  id: Id;
  store_id: Id;
  name: string;
  /** Without credentials. */
  url: string;
  has_credentials: boolean;
  analysis_fps: number;
  enabled: boolean;
  state: CameraState;
  reason: string;
  width: number;
  height: number;
  codec: string;
  fps_in: number;
  fps_analysed: number;
  dropped: number;
  reconnects: number;
  last_frame_at: Timestamp | null;
}

export interface ProbeResult {
  ok: boolean;
  width: number;
  height: number;
  fps: number;
  codec: string;
  /** Base64 JPEG. */
  snapshot: string;
}

export interface StreamSession {
  id: Id;
  /** active, ended or error. */
  status: string;
  reason: string;
  width: number;
  height: number;
  codec: string;
  started_at: Timestamp;
  ended_at: Timestamp | null;
}

/** x, y in 0..1 of the picture's width and height. */
export type Point = [number, number];

export type ZoneKind = "loitering" | "area";

export interface Zone {
  id: Id;
  camera_id: Id;
  name: string;
  kind: ZoneKind;
  polygon: Point[];
}

export type Parameters = Record<string, unknown>;

export interface Rule {
  id: Id;
  store_id: Id;
  camera_id: Id | null;
  zone_id: Id | null;
  kind: string;
  parameters: Parameters;
  enabled: boolean;
}

export type AlertState = "raised" | "claimed" | "acknowledged" | "snoozed" | "escalated" | "resolved";
export type Threat = "low" | "medium" | "high";
export type AlertAction = "claim" | "acknowledge" | "resolve";

/** A user who did something to an alert. */
export interface Handler {
  id: Id;
  username: string;
}

export type Outcome = "handled" | "false-alarm" | "no-action";

export interface Alert {
  id: Id;
  store_id: Id;
  camera_id: Id;
  zone_id: Id | null;
  kind: string;
  threat: Threat;
  state: AlertState;
  score: number;
  threshold: number;
  explanation: Record<string, unknown>;
  /** Text: a track id is 64 bits wide. */
  track_ids: string[];
  /** When the act began. */
  started_at: Timestamp;
  /** When it was last seen. */
  ended_at: Timestamp;
  raised_at: Timestamp;
  changed_at: Timestamp;
  claimed_by: Handler | null;
  acknowledged_by: Handler | null;
  acknowledged_at: Timestamp | null;
  resolved_by: Handler | null;
  resolved_at: Timestamp | null;
  outcome: string | null;
}
