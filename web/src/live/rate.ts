/** Frames a second over the last few seconds. */
const WINDOW_MS = 4_000;
const MOST = 240;

export class FrameRate {
  private times: number[] = [];

  note(nowMs: number): void {
    this.times.push(nowMs);
    if (this.times.length > MOST) this.times.shift();
  }

  /** 0 when fewer than two frames came lately. */
  perSecond(nowMs: number): number {
    this.times = this.times.filter((time) => nowMs - time <= WINDOW_MS);
    const first = this.times[0];
    const last = this.times[this.times.length - 1];
    if (first === undefined || last === undefined || last === first) return 0;
    return ((this.times.length - 1) * 1000) / (last - first);
  }
}
