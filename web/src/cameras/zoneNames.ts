/** Names of zones for alerts, asked for once per camera. */
import { useEffect, useSyncExternalStore } from "react";
import { zones as loadZones } from "../api/endpoints";
import type { Alert, Id } from "../api/types";
import { t } from "./texts";

const names = new Map<Id, string>();
const asked = new Set<Id>();
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function askFor(cameraId: Id): void {
  if (asked.has(cameraId)) return;
  asked.add(cameraId);
  loadZones(cameraId).then(
    (zones) => {
      for (const { id, name } of zones) names.set(id, name);
      listeners.forEach((listener) => listener());
    },
    () => asked.delete(cameraId),
  );
}

/** Call after zones of a camera changed. */
export function forgetZoneNames(cameraId: Id): void {
  if (asked.delete(cameraId)) askFor(cameraId);
}

type Placed = Pick<Alert, "camera_id" | "zone_id">;

/** The name of an alert's zone as far as it is known: it may still be loading, or the zone was removed. Null when it is about the whole picture. */
export function zoneName(zoneId: Id | null | undefined): string | null {
  return zoneId ? (names.get(zoneId) ?? t("aZone")) : null;
}

/** The name of an alert's zone, null when it is about the whole picture. Of a list only the rows whose names came are drawn anew. */
export function useZoneName({ camera_id, zone_id }: Placed): string | null {
  const name = useSyncExternalStore(subscribe, () => zoneName(zone_id));
  useEffect(() => {
    if (zone_id !== null && !names.has(zone_id)) askFor(camera_id);
  }, [camera_id, zone_id]);
  return name;
}
