/** Values in words and figures for people. Pure: "now" comes in. */
import type { AlertState, CameraState, Threat, EscalationLevel } from "../api/types";
import { t, type PlainKey } from "./formatTexts";
import { formatter } from "./formatters";

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
  if (Number.isNaN(then)) return t("never");
  const seconds = Math.max(0, (nowMs - then) / 1000);
  if (seconds < 5) return t("justNow");
  if (seconds < 60) return t("ago", { span: `${Math.floor(seconds)} s` });
  if (seconds < 3600) return t("ago", { span: `${Math.floor(seconds / 60)} min` });
  if (seconds < 86_400) return t("ago", { span: `${Math.floor(seconds / 3600)} h` });
  return t("ago", { span: `${Math.floor(seconds / 86_400)} d` });
}

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
const DAY = { day: "numeric", month: "short" } as const;
const DATE = { day: "numeric", month: "short", year: "numeric" } as const;

/** "14:05:09" today, "3 Nov 14:05:09" on another day, by the clock of `zone` (the chosen store's). */
export function clock(timestamp: string | null | undefined, nowMs: number, zone?: string): string {
  const then = timestamp ? new Date(timestamp) : null;
  if (!then || Number.isNaN(then.getTime())) return "–";
  const time = formatter(TIME, zone).format(then);
  const day = formatter(DATE, zone);
  return day.format(then) === day.format(nowMs) ? time : `${formatter(DAY, zone).format(then)} ${time}`;
}

/** "3 Nov 2026". */
export function date(timestamp: string, zone?: string): string {
  const then = new Date(timestamp);
  return Number.isNaN(then.getTime()) ? "–" : formatter(DATE, zone).format(then);
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
  return t("people", { count });
}

/** "1 day", "30 days". */
export const days = (count: number): string => t("days", { count });
/** "1 hour", "8 hours". */
export const hours = (count: number): string => t("hours", { count });

/** "Mon", "lun": ISO days, 1 is Monday. */
export const weekday = (iso: number): string => formatter({ weekday: "short" }, "UTC").format(Date.UTC(2024, 0, iso));

/** "stream_session" or "fall-down" -> "Stream session", "Fall down". */
export function humanise(name: string): string {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const THREAT_WORDS = worded<Threat>({ low: "low", medium: "medium", high: "high" });

export const ALERT_STATE_WORDS = worded<AlertState>({
  raised: "raised",
  claimed: "claimed",
  acknowledged: "acknowledged",
  snoozed: "snoozed",
  escalated: "escalated",
  resolved: "resolved",
});

export const LEVEL_WORDS = worded<EscalationLevel>({ store: "store", area: "area", "operations-centre": "operationsCentre" });

export const CAMERA_STATE_WORDS = worded<CameraState>({
  connecting: "connecting",
  live: "live",
  frozen: "frozen",
  reconnecting: "reconnecting",
  refused: "refused",
  stopped: "stopped",
  waiting: "waiting",
});

/** Words by state, in the language of the moment they are read. */
function worded<S extends string>(keys: Record<S, PlainKey>): Readonly<Record<S, string>> {
  const words = {} as Record<S, string>;
  for (const [state, key] of Object.entries(keys) as [S, PlainKey][]) Object.defineProperty(words, state, { enumerable: true, get: () => t(key) });
  return words;
}

/** `whole` small units as large and small ones; the small ones left out when there are none. */
function two(whole: number, base: number, large: string, small: string): string {
  const rest = whole % base;
  const text = `${Math.floor(whole / base)} ${large}`;
  return rest ? `${text} ${String(rest).padStart(2, "0")} ${small}` : text;
}
