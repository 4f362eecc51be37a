import { describe, expect, it } from "vitest";
import { banner, STALE_MS } from "./tileState";

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
