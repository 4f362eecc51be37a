/** The pictures of many cameras over one connection: fetch streaming, watchdog, reconnect with jitter. */
import { API, authorized, queryText } from "../api/client";
import { sentenceOf } from "../api/problem";
import { backoffMs } from "../socket/backoff";
import { boundaryOf, MultipartParser, type Part } from "./multipart";
import { t } from "./texts";

export interface Picture {
  cameraId: string;
  capturedAtUs: number;
  jpeg: Blob;
}

export interface PictureSink {
  picture: (picture: Picture) => void;
  /** null while pictures may come, else the sentence why they do not. */
  trouble: (sentence: string | null) => void;
}

/** The server's limit for one connection. */
const MOST_CAMERAS = 64;
/** Nothing at all for this long: try anew. The server may be gone without saying so. */
const SILENCE_MS = 12_000;

export interface Wanted {
  moving: readonly string[];
  /** One picture in two seconds of each of these. */
  stills: readonly string[];
}

/** Reads until `stop` is aborted. Never rejects. */
export async function readPictures(wanted: Wanted, sink: PictureSink, stop: AbortSignal): Promise<void> {
  let attempt = 0;
  while (!stop.aborted) {
    const watchdog = new Watchdog();
    try {
      await readOnce(wanted, AbortSignal.any([stop, watchdog.signal]), watchdog, {
        opened: () => sink.trouble(null),
        picture: (picture) => {
          attempt = 0;
          sink.picture(picture);
        },
      });
    } catch (error) {
      if (stop.aborted) return;
      // Silence alone is no trouble: perhaps no camera has a picture now, and each tile says so itself.
      if (!watchdog.bit) sink.trouble(error instanceof StreamRefused ? error.message : t("picturesAreInterruptedTryingAgain"));
    } finally {
      watchdog.end();
    }
    await pause(backoffMs(attempt, Math.random()), stop);
    attempt += 1;
  }
}

class StreamRefused extends Error {}

interface Reading {
  opened: () => void;
  picture: (picture: Picture) => void;
}

async function readOnce(
  { moving, stills }: Wanted,
  signal: AbortSignal,
  watchdog: Watchdog,
  reading: Reading,
): Promise<void> {
  const url = `${API}/live/pictures${queryText({ camera_id: moving.slice(0, MOST_CAMERAS), still_id: stills.slice(0, Math.max(0, MOST_CAMERAS - moving.length)) })}`;
  const response = await authorized(url, { signal, headers: { Accept: "multipart/x-mixed-replace" } });
  if (!response.ok || response.body === null) {
    throw new StreamRefused(sentenceOf(response.status, await response.json().catch(() => null)));
  }
  reading.opened();
  const parser = new MultipartParser(boundaryOf(response.headers.get("content-type")));
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    watchdog.pat();
    for (const part of parser.push(value)) {
      const picture = asPicture(part);
      if (picture) reading.picture(picture);
    }
  }
}

function asPicture(part: Part): Picture | null {
  const cameraId = part.headers.get("x-camera-id");
  const capturedAtUs = Number(part.headers.get("x-captured-at-us") ?? NaN);
  if (!cameraId || !Number.isFinite(capturedAtUs) || part.body.length === 0) return null;
  const type = part.headers.get("content-type") ?? "image/jpeg";
  return { cameraId, capturedAtUs, jpeg: new Blob([part.body as Uint8Array<ArrayBuffer>], { type }) };
}

/** Aborts a connection that has gone silent; `end` aborts one that is done with, so that nothing of it lingers. */
class Watchdog {
  bit = false;
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.pat();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  pat(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.bit = true;
      this.controller.abort();
    }, SILENCE_MS);
  }

  end(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
