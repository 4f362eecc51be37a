/** What a tile says about its camera. Pure. */
import type { Camera } from "../api/types";
import { CAMERA_STATE_WORDS, duration } from "../text/format";
import { t } from "./texts";

/** A picture older than this is marked: an operator must never take a standstill for an empty aisle. */
export const STALE_MS = 3_000;

/** Stills come every two seconds. */
export const STALE_STILL_MS = 7_000;

export interface Freshness {
  /** Since the last picture, or since the tile began to wait for the first. */
  ageMs: number;
  hasPicture: boolean;
}

/** The banner over the picture, null when all is well. */
export function banner(camera: Pick<Camera, "state" | "reason">, { ageMs, hasPicture }: Freshness, staleMs = STALE_MS): string | null {
  const stale = ageMs > staleMs;
  if (!stale && hasPicture) return null;
  if (camera.state !== "live") {
    const word = CAMERA_STATE_WORDS[camera.state];
    return camera.reason ? `${word}: ${camera.reason}` : hasPicture || stale ? word : null;
  }
  if (!stale) return null;
  return hasPicture ? t("noNewPictureFor", { ageMs: duration(ageMs / 1000) }) : t("waitingForTheFirstPicture");
}

/** A scene counts as still below this share of the rate at which the camera is to be analysed. */
const STILL_SHARE = 0.6;

/**
 * Whether frames are passed over because nothing changes: the worker gets them, loses none, and analyses few.
 * `droppedBefore` is the camera's count at an earlier look; frames lost to overload are no still scene.
 */
export function isStill(camera: Pick<Camera, "state" | "fps_in" | "fps_analysed" | "analysis_fps" | "dropped">, droppedBefore: number): boolean {
  const due = Math.min(camera.analysis_fps, camera.fps_in);
  return camera.state === "live" && camera.dropped === droppedBefore && camera.fps_analysed > 0 && camera.fps_analysed < STILL_SHARE * due;
}
