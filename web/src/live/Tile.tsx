import { TriangleAlert, Users } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import type { Camera } from "../api/types";
import { CAMERA_STATE_WORDS, fps, people } from "../text/format";
import { t } from "./texts";
import { LiveVideo, type Shown } from "./video/LiveVideo";
import { LiveCanvas } from "./LiveCanvas";
import { liveFeed } from "./liveFeed";
import type { Layers } from "./overlay";
import { banner, isStill, type Freshness } from "./tileState";

const LOOK_EVERY_MS = 500;

interface Props {
  camera: Camera;
  layers: Layers;
  /** Wraps the picture, e.g. in a link to the single view. */
  wrap?: (picture: ReactNode) => ReactNode;
  /** The camera's own video where it can be had, at the camera's rate; pictures of the analysed frames otherwise. */
  video?: boolean;
}

interface Look extends Freshness {
  fps: number;
  people: number;
  /** From capture to the screen by both clocks, null while unknown. */
  delayMs: number | null;
}

/** One camera, live: picture, people, and whether what is seen is fresh. */
export function Tile({ camera, layers, wrap = (picture) => picture, video = false }: Props) {
  const element = useRef<HTMLElement>(null);
  const shown = useRef<Shown>(null);
  const look = useLook(camera.id, shown);
  const [none, setNone] = useState(false);
  const moving = video && !none && camera.state === "live";
  const note = (frames: number, count: number) => {
    const { dataset } = element.current ?? {};
    if (!dataset) return;
    dataset["frames"] = String(frames);
    dataset["people"] = String(count);
  };
  useEffect(() => note(0, 0), [camera.id]);
  useEffect(() => setNone(false), [camera.id, camera.codec]);
  const label = t("picture", { name: camera.name });
  const warning = banner(camera, look);
  const still = isStill(camera, useEarlierDropped(camera));
  return (
    <article ref={element} className="tile" data-testid="tile" data-camera-id={camera.id} data-state={camera.state} data-stale={warning !== null} data-by={moving ? "video" : "pictures"}>
      <div className="tile-picture">
        {wrap(
          moving ? (
            <LiveVideo cameraId={camera.id} layers={layers} label={label} onDrawn={note} shown={shown} onNone={() => setNone(true)} />
          ) : (
            <LiveCanvas cameraId={camera.id} layers={layers} label={label} onDrawn={note} />
          ),
        )}
        {warning && (
          <p className="tile-banner" data-testid="stale">
            <TriangleAlert size={16} aria-hidden="true" />
            <span>{warning}</span>
          </p>
        )}
      </div>
      <footer className="tile-foot">
        <StateDot camera={camera} />
        <h2>{camera.name}</h2>
        <span className="tile-people" data-some={look.people > 0} title={people(look.people)}>
          <Users size={15} aria-hidden="true" />
          {look.people}
          <span className="visually-hidden"> {people(look.people)}</span>
        </span>
        {look.delayMs !== null && (
          <span className="tile-fps" title={t("delay")} data-testid="delay">
            {t("delayed", { seconds: Math.max(0, look.delayMs / 1000).toFixed(1) })}
          </span>
        )}
        {still ? (
          <span className="tile-fps" data-testid="still" title={t("stillWhy")}>
            {t("still")}
          </span>
        ) : (
          <span className="tile-fps">{fps(look.fps)}</span>
        )}
      </footer>
    </article>
  );
}

export function StateDot({ camera, word = false }: { camera: Pick<Camera, "state">; word?: boolean }) {
  return (
    <span className="state" data-state={camera.state} title={CAMERA_STATE_WORDS[camera.state]}>
      <span className="dot" aria-hidden="true" />
      <span className={word ? undefined : "visually-hidden"}>{CAMERA_STATE_WORDS[camera.state]}</span>
    </span>
  );
}

/** The camera's count of lost frames at the status before this one. */
function useEarlierDropped(camera: Camera): number {
  const [counts, setCounts] = useState({ status: camera, before: camera.dropped });
  if (counts.status !== camera) setCounts({ status: camera, before: counts.status.dropped });
  return counts.status === camera ? counts.before : counts.status.dropped;
}

/** Figures of the feed, looked at twice a second: drawing stays out of React. */
function useLook(cameraId: string, shown: { current: Shown | null }): Look {
  const [look, setLook] = useState<Look>({ ageMs: 0, hasPicture: false, fps: 0, people: 0, delayMs: null });
  useEffect(() => {
    const since = performance.now();
    const timer = setInterval(() => {
      const feed = liveFeed.of(cameraId);
      const now = performance.now();
      const video = shown.current;
      if (video) {
        const hasFrame = video.atMs > -Infinity;
        const { people: count, delayMs } = video;
        return setLook({ ageMs: now - (hasFrame ? video.atMs : since), hasPicture: hasFrame, fps: video.rate.perSecond(now), people: count, delayMs: plausible(delayMs) });
      }
      const hasPicture = Boolean(feed?.current);
      setLook({
        ageMs: now - (hasPicture && feed ? feed.shownAtMs : since),
        hasPicture,
        fps: feed?.rate.perSecond(now) ?? 0,
        people: feed?.current?.analysis?.persons.length ?? 0,
        delayMs: plausible(feed?.current ? Date.now() - feed.current.capturedAtUs / 1000 : null),
      });
    }, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [cameraId, shown]);
  return look;
}

/** Clocks that do not agree say nothing about the delay. */
function plausible(delayMs: number | null): number | null {
  return delayMs !== null && delayMs > -500 && delayMs < 60_000 ? delayMs : null;
}
