import { describe, expect, it } from "vitest";
import { banner, isStill, STALE_MS } from "./tileState";

const live = { state: "live" as const, reason: "" };

describe("banner", () => {
  it("is silent while pictures come", () => expect(banner(live, { ageMs: 200, hasPicture: true })).toBeNull());
  it("marks a standstill", () => expect(banner(live, { ageMs: STALE_MS + 1000, hasPicture: true })).toBe("No new picture for 4 s"));
  it("gives a new tile a moment", () => {
    expect(banner(live, { ageMs: 500, hasPicture: false })).toBeNull();
    expect(banner(live, { ageMs: STALE_MS + 1, hasPicture: false })).toBe("Waiting for the first picture");
  });
  it("says why a camera is away", () => {
    const refused = { state: "refused" as const, reason: "Wrong password." };
    expect(banner(refused, { ageMs: 100, hasPicture: false })).toBe("Refused: Wrong password.");
    expect(banner(refused, { ageMs: 9000, hasPicture: true })).toBe("Refused: Wrong password.");
  });
  it("believes fresh pictures more than an old state", () => {
    expect(banner({ state: "connecting", reason: "" }, { ageMs: 100, hasPicture: true })).toBeNull();
  });
});

describe("isStill", () => {
  const seen = { state: "live" as const, fps_in: 15, analysis_fps: 5, fps_analysed: 1.7, dropped: 3 };
  it("names a scene of which few frames are analysed and none lost", () => expect(isStill(seen, 3)).toBe(true));
  it("is no word for overload", () => expect(isStill(seen, 2)).toBe(false));
  it("is silent at the full rate", () => expect(isStill({ ...seen, fps_analysed: 4.8 }, 3)).toBe(false));
  it("goes by the camera's own rate where that is lower", () => expect(isStill({ ...seen, fps_in: 2 }, 3)).toBe(false));
  it("is silent before the first analysis, and while the camera is away", () => {
    expect(isStill({ ...seen, fps_analysed: 0 }, 3)).toBe(false);
    expect(isStill({ ...seen, state: "frozen" }, 3)).toBe(false);
  });
});
