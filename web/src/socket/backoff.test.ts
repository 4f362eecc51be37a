import { expect, it } from "vitest";
import { backoffMs } from "./backoff";

it("doubles, is capped, and spreads pages over half of the wait", () => {
  expect(backoffMs(0, 1)).toBe(500);
  expect(backoffMs(0, 0)).toBe(250);
  expect(backoffMs(3, 1)).toBe(4000);
  expect(backoffMs(1000, 1)).toBe(15_000);
});
