/** How long video waits in the browser, so that the analysis of a frame is there when the frame is shown. Pure. */

const FIRST_MS = 250;
const MOST_MS = 1_000;
const MARGIN_MS = 40;
const STEP_MOST_MS = 400;
/** So much to spare, again and again, and the wait is shortened. */
const SPARE_MS = 250;
const PATIENCE = 40;

export class HoldBack {
  targetMs = FIRST_MS;
  private spared = 0;

  /**
   * An analysis of `analysedUs` arrives while the frame of `shownUs` is on show; `stepUs` is the time between analyses.
   * True when the target changed.
   */
  arrived(analysedUs: number, shownUs: number, stepUs: number | null): boolean {
    const step = Math.min((stepUs ?? 0) / 1000, STEP_MOST_MS);
    // A frame just after the analysis before this one is drawn between the two: it should come no sooner than this one did.
    const lateMs = (shownUs - analysedUs) / 1000 + step + MARGIN_MS;
    if (lateMs > 0) {
      this.spared = 0;
      return this.become(this.targetMs + lateMs);
    }
    this.spared = lateMs < -SPARE_MS ? this.spared + 1 : 0;
    if (this.spared < PATIENCE) return false;
    this.spared = 0;
    return this.become(this.targetMs - SPARE_MS / 2);
  }

  private become(targetMs: number): boolean {
    const next = Math.round(Math.min(MOST_MS, Math.max(0, targetMs)));
    const changed = Math.abs(next - this.targetMs) >= 20;
    if (changed) this.targetMs = next;
    return changed;
  }
}
