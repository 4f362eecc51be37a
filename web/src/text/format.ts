/** Values in words and figures for people. Pure: "now" comes in. */
import type { AlertState, CameraState, Threat, EscalationLevel } from "../api/types";

/** "42 s", "1 min", "3 min 05 s", "2 h 10 min", "4 d". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(whole, 60, "min", "s");
  if (whole < 86_400) return two(Math.floor(whole / 60), 60, "h", "min");
  return `${Math.floor(whole / 86_400)} d`;
}

/** "just now", "2 min ago", "3 h ago", "5 d ago". */
export function ago(timestamp: string | null | undefined, nowMs: number): string {
  const then = timestamp ? Date.parse(timestamp) : NaN;
  if (Number.isNaN(then)) return "never";
  const seconds = Math.max(0, (nowMs - then) / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** "14:05:09" today, "3 Nov 14:05:09" on another day, in the browser's time zone. */
export function clock(timestamp: string | null | undefined, nowMs: number): string {
  const then = timestamp ? new Date(timestamp) : null;
  if (!then || Number.isNaN(then.getTime())) return "–";
  const time = TIME.format(then);
  return then.toDateString() === new Date(nowMs).toDateString() ? time : `${DAY.format(then)} ${time}`;
}

const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** "3 Nov 2026". */
export function date(timestamp: string): string {
  const then = new Date(timestamp);
  return Number.isNaN(then.getTime()) ? "–" : DATE.format(then);
}

/** "4.9 fps", "25 fps". */
export function fps(value: number): string {
  if (!Number.isFinite(value) || value <= 0) return "0 fps";
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} fps`;
}

/** "1920 × 1080", "–" when unknown. */
export function size(width: number, height: number): string {
  return width > 0 && height > 0 ? `${width} × ${height}` : "–";
}

/** "1 person", "3 people". */
export function people(count: number): string {
  return count === 1 ? "1 person" : `${count} people`;
}

/** "stream_session" or "fall-down" -> "Stream session", "Fall down". */
export function humanise(name: string): string {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const THREAT_WORDS: Record<Threat, string> = { low: "Low", medium: "Medium", high: "High" };

export const ALERT_STATE_WORDS: Record<AlertState, string> = {
  raised: "New",
  claimed: "Claimed",
  acknowledged: "Acknowledged",
  snoozed: "Snoozed",
  escalated: "Escalated",
  resolved: "Resolved",
};

export const LEVEL_WORDS: Record<EscalationLevel, string> = { store: "Store", area: "Area", "operations-centre": "Operations centre" };

export const CAMERA_STATE_WORDS: Record<CameraState, string> = {
  connecting: "Connecting",
  live: "Live",
  frozen: "Picture frozen",
  reconnecting: "Reconnecting",
  refused: "Refused",
  stopped: "Stopped",
  waiting: "Waiting for a worker",
};

/** `whole` small units as large and small ones; the small ones left out when there are none. */
function two(whole: number, base: number, large: string, small: string): string {
  const rest = whole % base;
  const text = `${Math.floor(whole / base)} ${large}`;
  return rest ? `${text} ${String(rest).padStart(2, "0")} ${small}` : text;
}
