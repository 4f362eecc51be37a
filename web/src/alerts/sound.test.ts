import { expect, it } from "vitest";
import { Bell, MELODIES, QUIET_MS } from "./sound";

it("sounds by threat, once for a burst, at once for a higher one, and only where it is wanted", () => {
  const heard: unknown[] = [];
  const bell = new Bell((notes) => heard.push(notes));
  expect([bell.ring("medium", "off", 0), bell.ring("medium", "high", 0), bell.ring("medium", "all", 0)]).toEqual([false, false, true]);
  expect([bell.ring("medium", "all", 500), bell.ring("low", "all", 600), bell.ring("high", "all", 700), bell.ring("high", "all", 800)]).toEqual([false, false, true, false]);
  expect(bell.ring("low", "all", 700 + QUIET_MS)).toBe(true);
  expect(heard).toEqual([MELODIES.medium, MELODIES.high, MELODIES.low]);
});
