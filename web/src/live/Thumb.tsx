import { TriangleAlert } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { ThreatMark } from "../alerts/ThreatMark";
import type { Camera, Threat } from "../api/types";
import { LiveCanvas } from "./LiveCanvas";
import { liveFeed } from "./liveFeed";
import type { Layers } from "./overlay";
import { t } from "./texts";
import { StateDot } from "./Tile";
import { banner, STALE_STILL_MS } from "./tileState";

const NOTHING: Layers = { boxes: false, skeletons: false, ids: false, trails: false };
const LOOK_EVERY_MS = 1_000;

/** One camera, small: a still every two seconds, its state, and whether an alert is open there. */
export function Thumb({ camera, threat }: { camera: Camera; threat: Threat | null }) {
  const warning = useWarning(camera);
  return (
    <article className="thumb" data-testid="thumb" data-camera-id={camera.id} data-state={camera.state} data-stale={warning !== null} data-threat={threat ?? undefined}>
      <Link to={`/live/${camera.id}`} className="tile-link" aria-label={t("enlarge", { name: camera.name })}>
        <LiveCanvas cameraId={camera.id} layers={NOTHING} label={t("picture", { name: camera.name })} moves={false} />
        {warning && (
          <span className="thumb-banner" data-testid="stale" title={warning}>
            <TriangleAlert size={13} aria-hidden="true" />
            <span>{warning}</span>
          </span>
        )}
      </Link>
      <footer>
        <StateDot camera={camera} />
        <h3 title={camera.name}>{camera.name}</h3>
        {threat && <ThreatMark threat={threat} />}
      </footer>
    </article>
  );
}

/** What is wrong with the still; drawn anew only when that changes. */
function useWarning(camera: Camera): string | null {
  const [warning, setWarning] = useState<string | null>(null);
  const since = useRef(performance.now()); // not of the camera's latest status, which comes every few seconds
  useEffect(() => {
    const look = () => {
      const feed = liveFeed.of(camera.id);
      const hasPicture = Boolean(feed?.current);
      setWarning(banner(camera, { ageMs: performance.now() - (hasPicture && feed ? feed.shownAtMs : since.current), hasPicture }, STALE_STILL_MS));
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [camera]);
  return warning;
}
