import { expect, it } from "vitest";
import { FrameRate } from "./rate";

it("counts the last seconds only", () => {
  const rate = new FrameRate();
  expect(rate.perSecond(0)).toBe(0);
  for (let at = 0; at <= 2000; at += 200) rate.note(at);
  expect(rate.perSecond(2000)).toBeCloseTo(5);
  expect(rate.perSecond(20_000)).toBe(0);
});
