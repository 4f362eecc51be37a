import { useEffect, useRef } from "react";
import { microseconds } from "../pairing";
import { drawPeople, type Layers } from "../overlay";
import { FrameRate } from "../rate";
import { backoffMs } from "../../socket/backoff";
import { liveSocket } from "../../socket/socket";
import { Analyses } from "./between";
import { ClockMap, readClock } from "./clockMap";
import { HoldBack } from "./holdBack";
import { watchVideo } from "./whep";

/** So many endings without a picture in between, and pictures by the other way are better. */
const MOST_ATTEMPTS = 2;
const MOST_DPR = 2;
/** A connected view without a single picture for this long has failed. */
const FIRST_PICTURE_MS = 8_000;

export interface Shown {
  atMs: number;
  rate: FrameRate;
  people: number;
  delayMs: number | null;
}

interface Props {
  cameraId: string;
  layers: Layers;
  label: string;
  /** Told of each frame: how many so far, how many people. */
  onDrawn: (frames: number, people: number) => void;
  shown: { current: Shown | null };
  /** There is no video to be had; pictures may be. */
  onNone: () => void;
}

/** A camera's own video with what was seen drawn over it, each frame with its own moment. */
export function LiveVideo({ cameraId, layers, label, onDrawn, shown, onNone }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef({ layers, onDrawn, onNone });
  latest.current = { layers, onDrawn, onNone };
  useEffect(() => {
    const [picture, over] = [video.current, canvas.current];
    const context = over?.getContext("2d");
    if (!picture || !over || !context) return;
    const stop = new AbortController();
    const state: Shown = { atMs: -Infinity, rate: new FrameRate(), people: 0, delayMs: null };
    shown.current = state;
    const view = new View(cameraId, picture, context, () => latest.current, state);
    void view.run(stop.signal);
    const resized = new ResizeObserver(() => {
      const dpr = Math.min(window.devicePixelRatio || 1, MOST_DPR);
      over.width = Math.round(over.clientWidth * dpr);
      over.height = Math.round(over.clientHeight * dpr);
    });
    resized.observe(over);
    return () => {
      stop.abort();
      resized.disconnect();
      shown.current = null;
    };
  }, [cameraId, shown]);
  return (
    <div className="tile-video">
      <video ref={video} muted autoPlay playsInline disablePictureInPicture aria-label={label} data-testid="video" />
      <canvas ref={canvas} aria-hidden="true" data-testid="video-overlay" />
    </div>
  );
}

class View {
  private readonly analyses = new Analyses();
  private readonly holdBack = new HoldBack();
  private clock = new ClockMap();
  private receiver: RTCRtpReceiver | null = null;
  private shownUs: number | null = null;
  private frames = 0;

  constructor(
    private readonly cameraId: string,
    private readonly video: HTMLVideoElement,
    private readonly context: CanvasRenderingContext2D,
    private readonly latest: () => Pick<Props, "layers" | "onDrawn" | "onNone">,
    private readonly state: Shown,
  ) {}

  async run(stop: AbortSignal): Promise<void> {
    const leave = liveSocket.watchCamera(this.cameraId);
    const unlisten = liveSocket.listen((message) => {
      if (message.type !== "analysis-result" || message.camera_id !== this.cameraId) return;
      const at = microseconds(message.captured_at);
      this.analyses.add(at, message);
      if (this.shownUs !== null && this.holdBack.arrived(at, this.shownUs, this.analyses.stepUs)) this.wait();
    });
    for (let attempt = 0; attempt < MOST_ATTEMPTS && !stop.aborted; attempt += 1) {
      const before = this.frames;
      if ((await this.once(stop)) === "no-video") break;
      if (this.frames > before) attempt = -1;
      if (!stop.aborted) await new Promise((resolve) => setTimeout(resolve, backoffMs(Math.max(0, attempt), Math.random())));
    }
    unlisten();
    leave();
    if (!stop.aborted) this.latest().onNone();
  }

  private async once(stop: AbortSignal) {
    this.clock = new ClockMap();
    const failed = new AbortController();
    const before = this.frames;
    const late = setTimeout(() => this.frames === before && failed.abort(), FIRST_PICTURE_MS);
    const ending = await watchVideo(
      this.cameraId,
      {
        stream: (stream, receiver) => {
          this.receiver = receiver;
          this.wait();
          this.video.srcObject = stream;
          this.video.requestVideoFrameCallback((now, frame) => this.show(now, frame, stop));
          void this.video.play().catch(() => undefined);
        },
        clock: (message) => {
          const known = readClock(message);
          if (known) this.clock.note(known.rtp, known.capturedAtUs);
        },
      },
      AbortSignal.any([stop, failed.signal]),
    );
    clearTimeout(late);
    this.video.srcObject = null;
    return ending;
  }

  private wait(): void {
    if (this.receiver && "jitterBufferTarget" in this.receiver) this.receiver.jitterBufferTarget = this.holdBack.targetMs;
  }

  private show(nowMs: number, frame: VideoFrameCallbackMetadata, stop: AbortSignal): void {
    if (stop.aborted) return;
    const { canvas } = this.context;
    const atUs = frame.rtpTimestamp === undefined ? null : this.clock.at(frame.rtpTimestamp);
    const seen = atUs === null ? null : this.analyses.at(atUs);
    this.context.clearRect(0, 0, canvas.width, canvas.height);
    if (seen) drawPeople(this.context, { width: frame.width, height: frame.height }, seen.analysis, this.latest().layers, canvas.width / Math.max(1, canvas.clientWidth));
    this.shownUs = atUs;
    this.frames += 1;
    Object.assign(this.state, { atMs: nowMs, people: seen?.analysis.persons.length ?? 0, delayMs: atUs === null ? null : Date.now() - atUs / 1000 });
    this.state.rate.note(nowMs);
    // For tests: which moment the picture and the drawing are of.
    canvas.dataset["frameUs"] = String(atUs ?? "");
    canvas.dataset["overlayUs"] = String(seen?.atUs ?? "");
    this.latest().onDrawn(this.frames, this.state.people);
    this.video.requestVideoFrameCallback((now, next) => this.show(now, next, stop));
  }
}
