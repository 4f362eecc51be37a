import { createContext, useContext, useEffect, useMemo, type ReactNode } from "react";
import { cameras as loadCameras } from "../api/endpoints";
import type { Camera, Id } from "../api/types";
import { useLoad, type Loaded } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import type { CameraStatus } from "../socket/messages";
import { liveSocket } from "../socket/socket";

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
  const loaded = useLoad(store.id, () => loadCameras(store.id));
  const { change, reload } = loaded;
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), RELOAD_EVERY_MS);
    const unlisten = liveSocket.listen((message) => {
      if (message.type === "gap") reload();
      if (message.type === "camera-status") change((list) => list.map((each) => withStatus(each, message)));
    });
    return () => {
      clearInterval(timer);
      unlisten();
    };
  }, [change, reload]);
  const value = useMemo<Cameras>(() => {
    const list = [...(loaded.value ?? [])].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    const names = new Map(list.map(({ id, name }) => [id, name]));
    return { ...loaded, list, named: (id) => names.get(id) ?? "Removed camera" };
  }, [loaded]);
  return <Context value={value}>{children}</Context>;
}

function withStatus(camera: Camera, { type: _type, id: _id, store_id: _store, camera_id, ...status }: CameraStatus): Camera {
  return camera.id === camera_id ? { ...camera, ...status } : camera;
}
