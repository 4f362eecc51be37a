/** Which loitering rule holds for a camera or a zone, Pure. */
import type { Id, Rule, Threat } from "../api/types";

export interface LoiteringValues {
  zone_dwell_s: number;
  spot_dwell_s: number;
  spot_radius: number;
  gap_s: number;
  threat: Threat;
  /** Also look outside zones. */
  spot: boolean;
}

export interface Found {
  /** The rule of exactly this camera and zone: changed in place. */
  own: Rule | null;
  /** The rule that holds: the most specific one. */
  effective: Rule | null;
}

export function ruleFor(rules: readonly Rule[], cameraId: Id, zoneId: Id | null): Found {
  const loitering = rules.filter(({ kind }) => kind === "loitering");
  const own = loitering.find((rule) => rule.camera_id === cameraId && rule.zone_id === zoneId) ?? null;
  const ofCamera = loitering.find((rule) => rule.camera_id === cameraId && rule.zone_id === null);
  const ofStore = loitering.find((rule) => rule.camera_id === null && rule.zone_id === null);
  return { own, effective: own ?? ofCamera ?? ofStore ?? null };
}
