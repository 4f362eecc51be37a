/**
 * Live frames for any number of tiles. One picture connection and one animation loop serve all of them; each camera
 * has its own pairing buffer, and each tile only asks for the newest frame.
 */
import type { AnalysisResult } from "../socket/messages";
import type { LiveSocket } from "../socket/socket";
import { microseconds, Pairing } from "./pairing";
import { readPictures, type Picture } from "./pictures";
import { FrameRate } from "./rate";

export interface Frame {
  /** Rises with every frame of the camera. */
  number: number;
  capturedAtUs: number;
  picture: ImageBitmap;
  analysis: AnalysisResult | null;
}

/** Draws when `frame` is new to it. Runs in the animation loop: short. */
export type Painter = (frame: Frame) => void;

/** Thumbnails need no more pixels, and 32 of them no more memory. */
const SMALL: ImageBitmapOptions = { resizeWidth: 480, resizeQuality: "medium" };

export class CameraFeed {
  readonly pairing = new Pairing<ImageBitmap, AnalysisResult>((picture) => picture.close());
  readonly rate = new FrameRate();
  /** Who draws it, and whether it moves there. */
  readonly painters = new Map<Painter, boolean>();
  current: Frame | null = null;
  shownAtMs = -Infinity;
  private decoding = false;
  private next: Picture | null = null;
  private closed = false;

  /** False where all who draw it want a still now and then. */
  get moves(): boolean {
    return [...this.painters.values()].some(Boolean);
  }

  /** Decodes one picture at a time; of those that come meanwhile only the newest is kept. */
  accept(picture: Picture): void {
    this.next = picture;
    if (!this.decoding) void this.decode();
  }

  /** Shows the newest ready frame. */
  advance(nowMs: number): void {
    const pair = this.pairing.take(nowMs);
    if (pair) {
      this.current?.picture.close();
      this.current = { ...pair, number: (this.current?.number ?? 0) + 1 };
      this.shownAtMs = nowMs;
      this.rate.note(nowMs);
    }
    if (this.current) for (const paint of this.painters.keys()) paint(this.current);
  }

  close(): void {
    this.closed = true;
    this.pairing.clear();
    this.current?.picture.close();
    this.current = null;
  }

  private async decode(): Promise<void> {
    this.decoding = true;
    for (let picture = this.next; picture !== null && !this.closed; picture = this.next) {
      this.next = null;
      try {
        const bitmap = await (this.moves ? createImageBitmap(picture.jpeg) : createImageBitmap(picture.jpeg, SMALL));
        if (this.closed) bitmap.close();
        else this.pairing.addPicture(picture.capturedAtUs, bitmap, performance.now());
      } catch {
        // A damaged picture: the next one is a moment away, and a standstill shows as stale.
      }
    }
    this.decoding = false;
  }
}

export class LiveFeed {
  private readonly cameras = new Map<string, CameraFeed>();
  private readonly asked = new Map<string, boolean>();
  private readonly leave = new Map<string, () => void>();
  private readonly listeners = new Set<() => void>();
  private connection: AbortController | null = null;
  private connectSoon: ReturnType<typeof setTimeout> | undefined;
  private animation = 0;
  private stopListening: (() => void) | null = null;
  private sentence: string | null = null;

  constructor(private readonly socket: LiveSocket) {}

  /**
   * Calls `paint` in the animation loop with the camera's newest frame until the returned function is called. What does not
   * move gets a picture every two seconds and no analysis.
   */
  watch(cameraId: string, paint: Painter, moves = true): () => void {
    const watched = this.cameras.get(cameraId) ?? new CameraFeed();
    this.cameras.set(cameraId, watched);
    watched.painters.set(paint, moves);
    this.settle(cameraId, watched);
    return () => {
      watched.painters.delete(paint);
      if (watched.painters.size === 0) this.forget(cameraId, watched);
      else this.settle(cameraId, watched);
    };
  }

  of(cameraId: string): CameraFeed | undefined {
    return this.cameras.get(cameraId);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Why there are no pictures at all, null when they may come. */
  trouble = (): string | null => this.sentence;

  /** Asks for moving pictures and their analysis, or for stills alone, where that is not what comes already. */
  private settle(cameraId: string, feed: CameraFeed): void {
    const asked = this.asked.get(cameraId);
    if (asked === feed.moves) return;
    this.asked.set(cameraId, feed.moves);
    if (feed.moves) this.leave.set(cameraId, this.socket.watchCamera(cameraId));
    else this.unsubscribe(cameraId);
    this.rewire();
  }

  private unsubscribe(cameraId: string): void {
    this.leave.get(cameraId)?.();
    this.leave.delete(cameraId);
  }

  private forget(cameraId: string, feed: CameraFeed): void {
    if (this.cameras.get(cameraId) !== feed) return;
    this.cameras.delete(cameraId);
    this.asked.delete(cameraId);
    this.unsubscribe(cameraId);
    feed.close();
    this.rewire();
  }

  /** Opens the picture connection anew for the cameras watched now, once for a burst of changes. */
  private rewire(): void {
    clearTimeout(this.connectSoon);
    this.connectSoon = setTimeout(() => this.connect(), 50);
  }

  private connect(): void {
    this.connection?.abort();
    this.connection = null;
    if (this.cameras.size > 0) this.stopListening ??= this.listen();
    if (this.cameras.size === 0 || document.hidden) return this.rest();
    if (!this.animation) this.animation = requestAnimationFrame(this.tick);
    this.connection = new AbortController();
    const sink = { picture: (picture: Picture) => this.cameras.get(picture.cameraId)?.accept(picture), trouble: this.tell };
    const wanted = [...this.cameras].sort(([a], [b]) => a.localeCompare(b));
    const of = (moves: boolean) => wanted.filter(([, feed]) => feed.moves === moves).map(([id]) => id);
    void readPictures({ moving: of(true), stills: of(false) }, sink, this.connection.signal);
  }

  private listen(): () => void {
    const unlisten = this.socket.listen((message) => {
      if (message.type !== "analysis-result") return;
      const capturedAtUs = microseconds(message.captured_at);
      if (Number.isFinite(capturedAtUs)) this.cameras.get(message.camera_id)?.pairing.addAnalysis(capturedAtUs, message);
    });
    const wake = () => this.rewire();
    // A page nobody sees costs the store's network nothing.
    document.addEventListener("visibilitychange", wake);
    return () => {
      unlisten();
      document.removeEventListener("visibilitychange", wake);
    };
  }

  private rest(): void {
    cancelAnimationFrame(this.animation);
    this.animation = 0;
    if (this.cameras.size > 0) return;
    this.stopListening?.();
    this.stopListening = null;
    this.tell(null);
  }

  private readonly tick = (nowMs: number): void => {
    for (const feed of this.cameras.values()) feed.advance(nowMs);
    this.animation = requestAnimationFrame(this.tick);
  };

  private readonly tell = (sentence: string | null): void => {
    if (this.sentence === sentence) return;
    this.sentence = sentence;
    this.listeners.forEach((listener) => listener());
  };
}
