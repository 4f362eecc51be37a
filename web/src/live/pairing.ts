/**
 * Brings a picture and the analysis of the same frame together. Plain state: the time comes in with each call.
 * Pictures wait a little for their analysis, then are shown alone; what is older than the frame on show is dropped.
 */

export interface Paired<P, A> {
  capturedAtUs: number;
  picture: P;
  analysis: A | null;
}

interface Waiting<P> {
  picture: P;
  arrivedAtMs: number;
}

export interface PairingLimits {
  /** A picture waits this long for its analysis. */
  waitMs: number;
  mostPictures: number;
  mostAnalyses: number;
  /** A frame this much older than the one on show means that the camera's clock was set back. */
  clockResetUs: number;
}

export const LIMITS: PairingLimits = { waitMs: 300, mostPictures: 6, mostAnalyses: 32, clockResetUs: 5_000_000 };

export class Pairing<P, A> {
  private readonly pictures = new Map<number, Waiting<P>>();
  private readonly analyses = new Map<number, A>();
  private shownUs = -Infinity;

  /** `release` frees a picture that will never be shown (bitmaps hold memory outside the JavaScript heap). */
  constructor(
    private readonly release: (picture: P) => void = () => undefined,
    private readonly limits: PairingLimits = LIMITS,
  ) {}

  addPicture(capturedAtUs: number, picture: P, nowMs: number): void {
    this.noticeReset(capturedAtUs);
    if (capturedAtUs <= this.shownUs) return this.release(picture);
    const twin = this.pictures.get(capturedAtUs);
    if (twin) this.release(twin.picture);
    this.pictures.set(capturedAtUs, { picture, arrivedAtMs: nowMs });
    while (this.pictures.size > this.limits.mostPictures) this.dropPicture(Math.min(...this.pictures.keys()));
  }

  addAnalysis(capturedAtUs: number, analysis: A): void {
    this.noticeReset(capturedAtUs);
    if (capturedAtUs <= this.shownUs) return;
    this.analyses.set(capturedAtUs, analysis);
    while (this.analyses.size > this.limits.mostAnalyses) this.analyses.delete(Math.min(...this.analyses.keys()));
  }

  /** The newest frame to show now, null when nothing new is ready. Older waiting frames are dropped. */
  take(nowMs: number): Paired<P, A> | null {
    let best: number | null = null;
    for (const [key, waiting] of this.pictures) {
      const ready = this.analyses.has(key) || nowMs - waiting.arrivedAtMs >= this.limits.waitMs;
      if (ready && (best === null || key > best)) best = key;
    }
    if (best === null) return null;
    const waiting = this.pictures.get(best) as Waiting<P>;
    const pair = { capturedAtUs: best, picture: waiting.picture, analysis: this.analyses.get(best) ?? null };
    this.pictures.delete(best);
    this.forgetUpTo(best);
    return pair;
  }

  clear(): void {
    for (const key of [...this.pictures.keys()]) this.dropPicture(key);
    this.analyses.clear();
    this.shownUs = -Infinity;
  }

  private forgetUpTo(capturedAtUs: number): void {
    this.shownUs = capturedAtUs;
    for (const key of [...this.pictures.keys()]) if (key <= capturedAtUs) this.dropPicture(key);
    for (const key of [...this.analyses.keys()]) if (key <= capturedAtUs) this.analyses.delete(key);
  }

  private noticeReset(capturedAtUs: number): void {
    if (capturedAtUs < this.shownUs - this.limits.clockResetUs) this.clear();
  }

  private dropPicture(key: number): void {
    const waiting = this.pictures.get(key);
    if (waiting) this.release(waiting.picture);
    this.pictures.delete(key);
  }
}

/** Microseconds since 1970 of an RFC 3339 text with up to nine decimals; NaN when it is none. */
export function microseconds(text: string): number {
  const match = /^(.*?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)$/i.exec(text.trim());
  if (!match) return NaN;
  const seconds = Date.parse(`${match[1]}${match[3]}`) / 1000;
  return seconds * 1_000_000 + Number((match[2] ?? "").padEnd(6, "0").slice(0, 6));
}
