/** What a key may do and how it stands, in words. Pure: "now" comes in. */
import type { ApiKey } from "../api/types";
import { humanise } from "../text/format";

/** Permissions that a key may have, in the order in which they are offered. */
const WORDS: Record<string, string> = {
  "alerts:read": "Read alerts",
  "alerts:handle": "Handle alerts",
  "cameras:read": "Read cameras and their state",
  "cameras:write": "Add and change cameras",
  "live:view": "See live pictures",
  "detections:read": "Search detections",
  "frames:analyze": "Send pictures to be analysed",
  "rules:read": "Read rules",
  "rules:write": "Change rules",
  "stores:read": "Read stores",
  "stores:write": "Change stores",
  "policy:read": "Read the site policy",
  "policy:write": "Propose and switch off in the site policy",
  "training:read": "Read training records",
  "training:write": "Write training records",
  "users:read": "Read users",
  "sessions:end": "End people's sessions",
  "sign-in:read": "Read sign-in rules",
  "sign-in:write": "Change sign-in rules",
  "chain:write": "Change the chain and its regions",
  "api-keys:read": "Read keys",
  "keys:manage": "Manage the chain's encryption key",
  "models:read": "Read model versions",
  "models:write": "Push, promote and roll back models",
  "audit:read": "Read the audit",
  "audit:export": "Export the audit",
};

/** Never given to a key: it is nobody's account, runs no cell, gives no rights and is not the second of two people. */
const NOT_FOR_KEYS = new Set(["self", "worker", "users:write", "api-keys:write", "policy:approve"]);

export const permissionWords = (permission: string) => WORDS[permission] ?? humanise(permission.replace(":", ": "));

/** Of what one holds, what a key may have, in a steady order. */
export function offered(held: Iterable<string>): string[] {
  const order = Object.keys(WORDS);
  const place = (permission: string) => (permission in WORDS ? order.indexOf(permission) : order.length);
  return [...held].filter((each) => !NOT_FOR_KEYS.has(each)).sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}

export type KeyState = "good" | "rotating" | "ending" | "ended" | "revoked";
const SOON_MS = 14 * 86_400_000;

export function keyState(key: ApiKey, nowMs: number): KeyState {
  if (key.revoked_at) return "revoked";
  const ends = key.expires_at ? Date.parse(key.expires_at) : Infinity;
  if (ends <= nowMs) return "ended";
  if (key.previous_secret_ends_at && Date.parse(key.previous_secret_ends_at) > nowMs) return "rotating";
  return ends - nowMs < SOON_MS ? "ending" : "good";
}

export const STATE_WORDS: Record<KeyState, string> = {
  good: "In use",
  rotating: "Two secrets",
  ending: "Ends soon",
  ended: "Ended",
  revoked: "Revoked",
};
