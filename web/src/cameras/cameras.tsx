import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, type ReactNode } from "react";
import { cameras as loadCameras } from "../api/endpoints";
import type { Camera, Id } from "../api/types";
import { useLoaded, type Loaded } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import type { CameraStatus } from "../socket/messages";
import { liveSocket } from "../socket/socket";
import { t } from "./texts";

interface Cameras extends Loaded<Camera[]> {
  list: Camera[];
  named: (id: Id) => string;
}

const Context = createContext<Cameras | null>(null);
/** Changes of state come over the socket at once; figures such as the last frame only by asking. */
const RELOAD_EVERY_MS = 5_000;

export function useCameras(): Cameras {
  const cameras = useContext(Context);
  if (cameras === null) throw new Error("useCameras outside CamerasProvider");
  return cameras;
}

/** The store's cameras with their state, kept fresh. */
export function CamerasProvider({ children }: { children: ReactNode }) {
  const { store } = usePlace();
  const queryKey = useMemo(() => ["cameras", store.id], [store.id]);
  const { value, error, loading, reload, change } = useLoaded(queryKey, useQuery({ queryKey, queryFn: () => loadCameras(store.id), refetchInterval: RELOAD_EVERY_MS }));
  useEffect(() => {
    const unlisten = liveSocket.listen((message) => {
      if (message.type === "gap") reload();
      if (message.type === "camera-status") change((list) => list.map((each) => withStatus(each, message)));
    });
    return unlisten;
  }, [change, reload]);
  const shared = useMemo<Cameras>(() => {
    const list = [...(value ?? [])].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    const names = new Map(list.map(({ id, name }) => [id, name]));
    return { value, error, loading, reload, change, list, named: (id) => names.get(id) ?? t("removedCamera") };
  }, [value, error, loading, reload, change]);
  return <Context value={shared}>{children}</Context>;
}

function withStatus(camera: Camera, { type: _type, id: _id, store_id: _store, camera_id, ...status }: CameraStatus): Camera {
  return camera.id === camera_id ? { ...camera, ...status } : camera;
}
