/** What a key may do and how it stands, in words. Pure: "now" comes in. */
import type { ApiKey } from "../api/types";
import { humanise } from "../text/format";
import { t } from "./texts";

/** Permissions that a key may have, in the order in which they are offered. */
const WORDS: Record<string, string> = {
  get "alerts:read"() { return t("readAlerts"); },
  get "alerts:handle"() { return t("handleAlerts"); },
  get "cameras:read"() { return t("readCamerasAndTheirState"); },
  get "cameras:write"() { return t("addAndChangeCameras"); },
  get "live:view"() { return t("seeLivePictures"); },
  get "detections:read"() { return t("searchDetections"); },
  get "frames:analyze"() { return t("sendPicturesToBeAnalysed"); },
  get "rules:read"() { return t("readRules"); },
  get "rules:write"() { return t("changeRules"); },
  get "stores:read"() { return t("readStores"); },
  get "stores:write"() { return t("changeStores"); },
  get "policy:read"() { return t("readTheSitePolicy"); },
  get "policy:write"() { return t("proposeAndSwitchOffInThe"); },
  get "training:read"() { return t("readTrainingRecords"); },
  get "training:write"() { return t("writeTrainingRecords"); },
  get "users:read"() { return t("readUsers"); },
  get "sessions:end"() { return t("endPeopleSSessions"); },
  get "sign-in:read"() { return t("readSignInRules"); },
  get "sign-in:write"() { return t("changeSignInRules"); },
  get "chain:write"() { return t("changeTheChainAndItsRegions"); },
  get "api-keys:read"() { return t("readKeys"); },
  get "keys:manage"() { return t("manageTheChainSEncryptionKey"); },
  get "models:read"() { return t("readModelVersions"); },
  get "models:write"() { return t("pushPromoteAndRollBackModels"); },
  get "audit:read"() { return t("readTheAudit"); },
  get "audit:export"() { return t("exportTheAudit"); },
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
  get good() { return t("inUse"); },
  get rotating() { return t("twoSecrets"); },
  get ending() { return t("endsSoon"); },
  get ended() { return t("ended"); },
  get revoked() { return t("revoked"); },
};
