import { Pause, Play, StepBack, StepForward } from "lucide-react";
import { useEffect, useRef, useState, type RefObject } from "react";
import { sentenceFor } from "../api/problem";
import { boxes as loadBoxes, content, type Piece } from "./endpoints";
import { behindDamage, boxesAt, momentShare, type Box } from "./timeline";
import { t } from "./texts";

const SPEEDS = [0.25, 0.5, 1, 2, 4];
/** Cameras send pictures at uneven times: the next one is looked for in steps so long, and not further. */
const STEP_S = 0.03;
const FURTHEST_S = 1;
const A_MOMENT_S = 0.005;
const SETTLED_MS = 60;

/** A recording with frame steps, speed, the boxes of its persons, and the moment marked, where it is about one. */
export function Player({ piece }: { piece: Piece }) {
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [address, setAddress] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [frames, setFrames] = useState<Awaited<ReturnType<typeof loadBoxes>> | null>(null);
  const [overlay, setOverlay] = useState(true);
  const [speed, setSpeed] = useState(1);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const [playing, setPlaying] = useState(false);
  const stepping = useRef(false);
  const { damage, broke, resume } = useDamage(video);

  useEffect(() => {
    const stop = new AbortController();
    let made: string | null = null;
    Promise.all([content(piece.id, stop.signal), loadBoxes(piece.id)]).then(
      ([blob, seen]) => {
        if (stop.signal.aborted) return;
        made = URL.createObjectURL(blob);
        setAddress(made);
        setFrames(seen);
      },
      (error: unknown) => !stop.signal.aborted && setFailed(sentenceFor(error)),
    );
    return () => {
      stop.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [piece.id]);

  useEffect(() => {
    const film = video.current;
    if (!film) return;
    const picture = (_: number, shown: VideoFrameCallbackMetadata) => {
      setAt(shown.mediaTime);
      waiting = film.requestVideoFrameCallback(picture);
    };
    let waiting = film.requestVideoFrameCallback(picture);
    return () => film.cancelVideoFrameCallback(waiting);
  }, [address]);

  useEffect(() => {
    const shown = canvas.current;
    if (!shown || !frames) return;
    shown.width = shown.clientWidth;
    shown.height = shown.clientHeight;
    draw(shown, overlay ? boxesAt(frames.frames, at * 1000) : [], frames.subjects);
  }, [at, frames, overlay, length]);

  const moment = piece.type === "playback" ? null : momentShare(piece);
  const seek = (seconds: number) => {
    if (!video.current) return;
    video.current.pause();
    video.current.currentTime = Math.min(Math.max(seconds, 0), length);
  };
  const stepOn = () => {
    if (!video.current || stepping.current) return;
    stepping.current = true;
    video.current.pause();
    void nextPicture(video.current, at).finally(() => (stepping.current = false));
  };
  const toggle = () => {
    if (!video.current) return;
    if (video.current.paused) void video.current.play();
    else video.current.pause();
  };
  if (failed) return <p className="form-error" role="alert">{failed}</p>;
  if (!address) return <p className="page-note">{t("loadingTheRecording")}</p>;
  return (
    <figure className="evidence-player" data-testid="evidence-player">
      <div className="evidence-picture">
        <video
          ref={video}
          src={address}
          muted
          playsInline
          onLoadedMetadata={({ currentTarget }) => {
            setLength(currentTarget.duration);
            if (!resume()) currentTarget.currentTime = moment === null ? 0 : moment * currentTarget.duration;
          }}
          onError={broke}
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
        />
        <canvas ref={canvas} aria-hidden="true" />
      </div>
      {damage && (
        <p className="form-error" role="alert" data-testid="evidence-damage">
          {t(damage.next === null ? "damagedToItsEnd" : "damagedAt", { at: damage.at.toFixed(1) })}
        </p>
      )}
      <div className="evidence-bar">
        <input type="range" aria-label={t("placeInTheRecording")} min={0} max={length || 1} step={0.01} value={at} onChange={({ target }) => seek(Number(target.value))} />
        {moment !== null && <span className="evidence-moment" style={{ left: `${moment * 100}%` }} title={t("theMomentOfTheAlert")} data-testid="evidence-moment" />}
      </div>
      <figcaption>
        <button type="button" className="icon-button" aria-label={t("onePictureBack")} title={t("onePictureBack")} onClick={() => seek(at - A_MOMENT_S)}>
          <StepBack size={16} />
        </button>
        <button type="button" className="icon-button" aria-label={playing ? t("pause") : t("play")} title={playing ? t("pause") : t("play")} onClick={toggle} data-testid="evidence-play">
          {playing ? <Pause size={16} /> : <Play size={16} />}
        </button>
        <button type="button" className="icon-button" aria-label={t("onePictureOn")} title={t("onePictureOn")} onClick={stepOn}>
          <StepForward size={16} />
        </button>
        {moment !== null && (
          <button type="button" className="button button-quiet" onClick={() => seek(moment * length)}>
            {t("theMoment")}
          </button>
        )}
        <label>
          {t("speed")}
          <select
            value={speed}
            onChange={({ target }) => {
              setSpeed(Number(target.value));
              if (video.current) video.current.playbackRate = Number(target.value);
            }}
          >
            {SPEEDS.map((each) => (
              <option key={each} value={each}>
                {each}×
              </option>
            ))}
          </select>
        </label>
        <label>
          <input type="checkbox" checked={overlay} onChange={({ target }) => setOverlay(target.checked)} />
          {t("boxes")}
        </label>
        <span className="evidence-clock">
          {at.toFixed(2)} / {length.toFixed(1)} s
        </span>
      </figcaption>
    </figure>
  );
}

interface Damage {
  at: number;
  /** Where it is tried again; null: nothing is left behind it. */
  next: number | null;
  played: boolean;
}

/** A camera's lost packets leave pictures that do not decode, at which a browser stops without a word: it goes on behind them, and they are told. */
function useDamage(video: RefObject<HTMLVideoElement | null>) {
  const [damage, setDamage] = useState<Damage | null>(null);
  const broke = () => {
    const film = video.current;
    if (film?.error?.code !== MediaError.MEDIA_ERR_DECODE) return;
    const tried = damage?.next ?? null;
    const again = damage !== null && tried !== null && film.currentTime <= tried;
    const played = again ? damage.played : !film.paused;
    const next = behindDamage(film.currentTime, tried, film.duration);
    setDamage({ at: again ? damage.at : film.currentTime, next, played });
    if (next !== null) film.load();
  };
  /** Whether it goes on behind a damage, instead of beginning. */
  const resume = () => {
    const film = video.current;
    if (!film || !damage || damage.next === null) return false;
    film.currentTime = damage.next;
    if (damage.played) void film.play().catch(() => undefined); // the next damage interrupts it
    return true;
  };
  return { damage, broke, resume };
}

/** Seeks on from the picture shown at `from` until another one is shown. */
async function nextPicture(film: HTMLVideoElement, from: number) {
  const end = Math.min(film.duration, from + FURTHEST_S);
  for (let to = from + STEP_S; to < end; to += STEP_S) {
    if ((await pictureAt(film, to)) > from + A_MOMENT_S) return;
  }
}

/** The time of the picture that a seek shows; of none where it stays the same. */
function pictureAt(film: HTMLVideoElement, to: number): Promise<number> {
  return new Promise((resolve) => {
    const shown = film.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime));
    const settled = () => {
      film.cancelVideoFrameCallback(shown);
      resolve(Number.NEGATIVE_INFINITY);
    };
    film.addEventListener("seeked", () => setTimeout(settled, SETTLED_MS), { once: true });
    film.currentTime = to;
  });
}

function draw(canvas: HTMLCanvasElement, boxes: readonly Box[], subjects: readonly string[]) {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  for (const [id, x1, y1, x2, y2] of boxes) {
    pen.lineWidth = 2;
    pen.strokeStyle = subjects.includes(id) ? "#ffb224" : "#82b8ff";
    pen.strokeRect(x1 * canvas.width, y1 * canvas.height, (x2 - x1) * canvas.width, (y2 - y1) * canvas.height);
  }
}
