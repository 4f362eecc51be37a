import type { Camera } from "../api/types";
import { StateDot } from "../live/Tile";
import { useNow } from "../shell/hooks";
import { ago, fps, size } from "../text/format";
import { t } from "./texts";

/** What is known about a camera's stream. */
export function CameraFacts({ camera }: { camera: Camera }) {
  const now = useNow();
  return (
    <section className="panel" aria-label={t("stream")}>
      <h2>
        {t("stream")}{" "}<StateDot camera={camera} word />
      </h2>
      {camera.state !== "live" && camera.reason && <p className="reason">{camera.reason}</p>}
      <dl className="facts">
        <dt>{t("fromTheCamera")}</dt>
        <dd>{fps(camera.fps_in)}</dd>
        <dt>{t("analysed")}</dt>
        <dd>{fps(camera.fps_analysed)}</dd>
        <dt>{t("picture")}</dt>
        <dd>{size(camera.width, camera.height)}</dd>
        <dt>{t("codec")}</dt>
        <dd>{camera.codec || "–"}</dd>
        <dt>{t("lastFrame")}</dt>
        <dd>{ago(camera.last_frame_at, now)}</dd>
        <dt>{t("reconnects")}</dt>
        <dd>{camera.reconnects}</dd>
        <dt>{t("droppedByOverload")}</dt>
        <dd>{camera.dropped}</dd>
      </dl>
    </section>
  );
}
