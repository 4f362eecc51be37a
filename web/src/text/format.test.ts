import { describe, expect, it } from "vitest";
import { ago, clock, duration, fps, humanise, people, size } from "./format";

const now = Date.UTC(2026, 10, 22, 12, 0, 0);
const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

describe("words", () => {
  it.each([[0, "0 s"], [59.4, "59 s"], [65, "1 min 05 s"], [3600, "1 h"], [200_000, "2 d"], [NaN, "–"], [-3, "0 s"]])("duration of %d: %s", (seconds, text) => expect(duration(seconds)).toBe(text));
  it.each([[1, "just now"], [42, "42 s ago"], [125, "2 min ago"], [7300, "2 h ago"], [200_000, "2 d ago"], [-20, "just now"]])("%d s before: %s", (seconds, text) => expect(ago(before(seconds), now)).toBe(text));
  it("takes no time for never", () => expect([ago(null, now), ago("x", now), clock(null, now)]).toEqual(["never", "never", "–"]));
  it.each([[0, "0 fps"], [4.94, "4.9 fps"], [24.7, "25 fps"], [NaN, "0 fps"]])("%d fps: %s", (value, text) => expect(fps(value)).toBe(text));
  it("names the day only when it is not today", () => {
    expect(clock(before(60), now)).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(clock(before(200_000), now)).toMatch(/^20 Nov \d\d:\d\d:\d\d$/);
  });
  it("is kind to nothing", () => expect([size(0, 0), size(1920, 1080), people(1), people(0), humanise("fall-down_x")]).toEqual(["–", "1920 × 1080", "1 person", "0 people", "Fall down x"]));
});
