import { Cctv, VideoOff } from "lucide-react";
import type { KeyboardEvent, PointerEvent } from "react";
import type { Camera } from "../api/types";
import { CAMERA_STATE_WORDS } from "../text/format";
import type { CameraPlace } from "./endpoints";
import { cone } from "./geometry";
import type { Mark } from "./state";
import { t } from "./texts";

interface ConesProps {
  places: readonly CameraPlace[];
  size: { width: number; height: number };
  marks: ReadonlyMap<string, Mark>;
  chosen: string | null;
}

/** What of the floor each camera sees; the chosen one lies on top. */
export function Cones({ places, size, marks, chosen }: ConesProps) {
  const ordered = [...places].sort((a, b) => Number(a.camera_id === chosen) - Number(b.camera_id === chosen));
  return ordered.map((place) => {
    const mark = marks.get(place.camera_id);
    return <path key={place.camera_id} className="plan-cone" d={cone(place, size)} data-off={mark?.off ?? true} data-threat={mark?.threat ?? undefined} data-chosen={place.camera_id === chosen} />;
  });
}

interface MarkProps {
  camera: Camera;
  place: CameraPlace;
  mark: Mark;
  chosen: boolean;
  onChoose: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  onPointerDown?: (event: PointerEvent) => void;
}

/** A camera where it hangs. Its state is a word, a shape and a colour; open alerts are a number. */
export function CameraMark({ camera, place, mark, chosen, onChoose, onKeyDown, onPointerDown }: MarkProps) {
  const Icon = mark.off ? VideoOff : Cctv;
  const said = [camera.name, CAMERA_STATE_WORDS[camera.state], mark.open > 0 ? t("openAlerts", { count: mark.open }) : ""].filter(Boolean).join(", ");
  return (
    <button
      type="button"
      className="plan-mark"
      style={{ left: `${place.x * 100}%`, top: `${place.y * 100}%` }}
      aria-pressed={chosen}
      title={said}
      data-off={mark.off}
      data-threat={mark.threat ?? undefined}
      data-testid="plan-camera"
      data-camera-id={camera.id}
      onClick={onChoose}
      onKeyDown={onKeyDown}
      onPointerDown={onPointerDown}
    >
      <Icon size={17} aria-hidden="true" />
      {mark.open > 0 && (
        <span className="plan-count" aria-hidden="true">
          {mark.open}
        </span>
      )}
      <span className="plan-name">{camera.name}</span>
      <span className="visually-hidden">{said.slice(camera.name.length)}</span>
    </button>
  );
}
