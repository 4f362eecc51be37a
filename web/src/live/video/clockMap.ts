/** When each video frame was captured, by its RTP timestamp. Plain state. */

const MOST = 900;
const TICKS_PER_MS = 90;
const WRAP = 2 ** 32;
/** A frame that was not named is placed from the last one that was, up to this far from it. */
const REACH_MS = 2_000;

export class ClockMap {
  private readonly known = new Map<number, number>();
  private last: { rtp: number; capturedAtUs: number } | null = null;

  note(rtp: number, capturedAtUs: number): void {
    this.known.set(rtp, capturedAtUs);
    this.last = { rtp, capturedAtUs };
    if (this.known.size > MOST) this.known.delete(this.known.keys().next().value as number);
  }

  /** Microseconds since 1970, null when it cannot be told. */
  at(rtp: number): number | null {
    const exact = this.known.get(rtp);
    if (exact !== undefined) return exact;
    if (this.last === null) return null;
    const ticks = signed(rtp - this.last.rtp);
    return Math.abs(ticks) <= REACH_MS * TICKS_PER_MS ? this.last.capturedAtUs + Math.round((ticks / TICKS_PER_MS) * 1000) : null;
  }
}

/** What one message of the channel "clock" says; null when it is none: a 32-bit RTP timestamp and 64 bits of microseconds. */
export function readClock(message: unknown): { rtp: number; capturedAtUs: number } | null {
  if (!(message instanceof ArrayBuffer) || message.byteLength !== 12) return null;
  const view = new DataView(message);
  return { rtp: view.getUint32(0), capturedAtUs: Number(view.getBigUint64(4)) };
}

/** The shorter way round between two 32-bit timestamps. */
function signed(difference: number): number {
  const wrapped = ((difference % WRAP) + WRAP) % WRAP;
  return wrapped >= WRAP / 2 ? wrapped - WRAP : wrapped;
}
