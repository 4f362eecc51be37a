import { useEffect } from "react";
import { snapshot } from "../api/endpoints";
import { useLoad } from "../shell/hooks";

/** A picture of now as an address for <img>; freed when replaced. Nothing is asked while `cameraId` is null. */
export function useSnapshot(cameraId: string | null) {
  const loaded = useLoad(cameraId && `snapshot ${cameraId}`, async () => URL.createObjectURL(await snapshot(cameraId ?? "")));
  const { value } = loaded;
  useEffect(() => () => (value ? URL.revokeObjectURL(value) : undefined), [value]);
  return loaded;
}
