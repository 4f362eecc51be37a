/** What a tile says about its camera. Pure. */
import type { Camera } from "../api/types";
import { CAMERA_STATE_WORDS, duration } from "../text/format";

/** A picture older than this is marked: an operator must never take a standstill for an empty aisle. */
export const STALE_MS = 3_000;

export interface Freshness {
  /** Since the last picture, or since the tile began to wait for the first. */
  ageMs: number;
  hasPicture: boolean;
}

/** The banner over the picture, null when all is well. */
export function banner(camera: Pick<Camera, "state" | "reason">, { ageMs, hasPicture }: Freshness): string | null {
  const stale = ageMs > STALE_MS;
  if (!stale && hasPicture) return null;
  if (camera.state !== "live") {
    const word = CAMERA_STATE_WORDS[camera.state];
    return camera.reason ? `${word}: ${camera.reason}` : hasPicture || stale ? word : null;
  }
  if (!stale) return null;
  return hasPicture ? `No new picture for ${duration(ageMs / 1000)}` : "Waiting for the first picture";
}
