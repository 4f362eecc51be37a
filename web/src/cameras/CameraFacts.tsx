import type { Camera } from "../api/types";
import { StateDot } from "../live/Tile";
import { useNow } from "../shell/hooks";
import { ago, fps, size } from "../text/format";

/** What is known about a camera's stream. */
export function CameraFacts({ camera }: { camera: Camera }) {
  const now = useNow();
  return (
    <section className="panel" aria-label="Stream">
      <h2>
        Stream <StateDot camera={camera} word />
      </h2>
      {camera.state !== "live" && camera.reason && <p className="reason">{camera.reason}</p>}
      <dl className="facts">
        <dt>From the camera</dt>
        <dd>{fps(camera.fps_in)}</dd>
        <dt>Analysed</dt>
        <dd>{fps(camera.fps_analysed)}</dd>
        <dt>Picture</dt>
        <dd>{size(camera.width, camera.height)}</dd>
        <dt>Codec</dt>
        <dd>{camera.codec || "–"}</dd>
        <dt>Last frame</dt>
        <dd>{ago(camera.last_frame_at, now)}</dd>
        <dt>Reconnects</dt>
        <dd>{camera.reconnects}</dd>
        <dt>Dropped by overload</dt>
        <dd>{camera.dropped}</dd>
      </dl>
    </section>
  );
}
