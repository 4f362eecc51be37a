/** Names of zones for alerts, asked for once per camera. */
import { useEffect, useSyncExternalStore } from "react";
import { zones as loadZones } from "../api/endpoints";
import type { Alert, Id } from "../api/types";

const names = new Map<Id, string>();
const asked = new Set<Id>();
const listeners = new Set<() => void>();
let round = 0;

/** Said where a zone's name is not known: it is still loading, or the zone was removed. */
const UNNAMED = "a zone";

function tell(): void {
  round += 1;
  listeners.forEach((listener) => listener());
}

function askFor(cameraId: Id): void {
  if (asked.has(cameraId)) return;
  asked.add(cameraId);
  loadZones(cameraId).then(
    (zones) => {
      for (const { id, name } of zones) names.set(id, name);
      tell();
    },
    () => asked.delete(cameraId),
  );
}

/** Call after zones of a camera changed. */
export function forgetZoneNames(cameraId: Id): void {
  asked.delete(cameraId);
  tell();
}

type Placed = Pick<Alert, "camera_id" | "zone_id">;

/** The name of an alert's zone, null when it is about the whole picture. */
export function useZoneName({ camera_id, zone_id }: Placed): string | null {
  const current = useSyncExternalStore(
    (listener) => (listeners.add(listener), () => void listeners.delete(listener)),
    () => round,
  );
  useEffect(() => {
    if (zone_id !== null && !names.has(zone_id)) askFor(camera_id);
  }, [camera_id, zone_id, current]);
  return zone_id === null ? null : (names.get(zone_id) ?? UNNAMED);
}
