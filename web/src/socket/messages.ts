/** What goes over /ws, both ways. Store messages carry a rising `id` for `resume`; analysis results are live only. */
import type { Alert, AlertState, CameraState, Id, Timestamp } from "../api/types";

export type Box = [x1: number, y1: number, x2: number, y2: number];
export type Keypoint = [x: number, y: number, score: number];

export interface Person {
  track_id: string;
  /** Pixels of `frame`. */
  box: Box;
  score: number;
  /** COCO's 17, in pixels of `frame`. */
  keypoints: Keypoint[];
  labels: string[];
}

export interface AnalysisResult {
  type: "analysis-result";
  camera_id: Id;
  captured_at: Timestamp;
  frame: { width: number; height: number };
  persons: Person[];
}

interface StoreMessage {
  id: string;
  store_id: Id;
}

/** Enough of an alert to show it; the page asks for the rest when it needs it. */
export type AlertNews = Partial<Alert> & { id: Id; camera_id: Id; kind: string; state: AlertState };

export interface AlertRaised extends StoreMessage {
  type: "alert-raised";
  alert: AlertNews;
}
export interface AlertChanged extends StoreMessage {
  type: "alert-changed";
  alert: AlertNews;
}
export interface IncidentChanged extends StoreMessage {
  type: "incident-changed";
  incident_id: Id;
}
/** A lead was raised or reviewed; it says neither who nor what. Sent to whoever may review. */
export interface LeadNews extends StoreMessage {
  type: "match-raised" | "match-changed";
  match_id: Id;
  camera_id: Id;
  /** Of a changed one; "erased": the entry of a decided lead ended, so that nobody is to be named any more. */
  state?: string;
}
export interface CameraStatus extends Partial<StoreMessage> {
  type: "camera-status";
  camera_id: Id;
  state: CameraState;
  reason?: string;
  width?: number;
  height?: number;
  codec?: string;
  fps_in?: number;
  fps_analysed?: number;
  dropped?: number;
  reconnects?: number;
  last_frame_at?: Timestamp | null;
}
export interface Denied {
  type: "denied";
  /** Type of the message that was not obeyed. */
  for: string;
  reason: string;
  camera_id: Id | null;
  store_id: Id | null;
}
/** Messages of the store between these ids are gone: ask the REST API again. */
export interface Gap {
  type: "gap";
  store_id?: Id;
  from: string;
  to: string;
}
export interface Pong {
  type: "pong";
}

export type ServerMessage =
  | AnalysisResult
  | AlertRaised
  | AlertChanged
  | IncidentChanged
  | LeadNews
  | CameraStatus
  | Denied
  | Gap
  | Pong;

export type ClientMessage =
  | { type: "join-store"; store_id: Id }
  | { type: "leave-store"; store_id: Id }
  | { type: "subscribe-camera"; camera_id: Id }
  | { type: "unsubscribe-camera"; camera_id: Id }
  | { type: "resume"; store_id: Id; last_id: string }
  | { type: "ping" };

/** The message in a text frame, null when it is none this page understands. */
export function readMessage(text: string): ServerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  return typeof (value as { type?: unknown }).type === "string" ? (value as ServerMessage) : null;
}
