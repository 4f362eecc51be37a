import { describe, expect, it } from "vitest";
import { HoldBack } from "./holdBack";

/** Video that waits as told, against analyses `latencyMs` after capture every `stepMs`; the wait it settles at. */
function settle(latencyMs: number, stepMs: number): { wait: number; lateAtTheEnd: number } {
  const hold = new HoldBack();
  let late = 0;
  for (let nth = 1; nth < 200; nth += 1) {
    const nowMs = nth * stepMs + latencyMs;
    const shownMs = nowMs - hold.targetMs;
    late = shownMs - (nth * stepMs - stepMs);
    hold.arrived(nth * stepMs * 1000, shownMs * 1000, stepMs * 1000);
  }
  return { wait: hold.targetMs, lateAtTheEnd: late };
}

describe("HoldBack", () => {
  it.each([
    [100, 200],
    [300, 200],
    [50, 100],
  ])("waits until an analysis after the frame is there: %i ms late, every %i ms", (latency, step) => {
    const { wait, lateAtTheEnd } = settle(latency, step);
    expect(lateAtTheEnd).toBeLessThanOrEqual(0);
    expect(wait).toBeLessThanOrEqual(latency + step + 330);
  });

  it("never waits longer than a second, however late analyses are", () => expect(settle(5_000, 200).wait).toBe(1_000));
});
