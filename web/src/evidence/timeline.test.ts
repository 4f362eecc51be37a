import { describe, expect, it } from "vitest";
import { behindDamage, boxesAt, boxesOfMoment, isUnderWay, momentShare, standing } from "./timeline";
import type { Seen } from "./endpoints";

const frame = (at_ms: number, x: number, id = "7"): Seen => ({ at_ms, persons: [[id, x, 0, x + 0.1, 1]] });

describe("boxes of a recording", () => {
  it("move between analysed frames and are not made up across gaps", () => {
    const frames = [frame(0, 0), frame(200, 0.2), frame(9_000, 0.9)];
    expect(boxesAt(frames, 100)[0]?.[1]).toBeCloseTo(0.1);
    expect(boxesAt(frames, 4_000)).toEqual([]);
    expect(boxesAt(frames, 1_000)).toEqual(frames[1]?.persons);
    expect(boxesAt(frames, -1)).toEqual([]);
    expect(boxesAt([], 5)).toEqual([]);
    expect(boxesAt([frame(0, 0), frame(200, 0.5, "8")], 100)).toEqual(frame(0, 0).persons);
  });

  it("of the moment are those of a still's nearest sighting, or of that time in a film", () => {
    const frames = [frame(-900, 0.1), frame(300, 0.3), frame(10_000, 0.9)];
    const times = { moment: "2026-01-01T00:00:10Z", recorded_from: "2026-01-01T00:00:00Z" };
    expect(boxesOfMoment({ ...times, media_type: "image/jpeg" }, frames)).toEqual(frames[1]?.persons);
    expect(boxesOfMoment({ ...times, media_type: "video/mp4" }, frames)).toEqual(frames[2]?.persons);
    expect(boxesOfMoment({ ...times, recorded_from: null, media_type: "video/mp4" }, frames)).toEqual([]);
    expect(boxesOfMoment({ ...times, media_type: "image/jpeg" }, [])).toEqual([]);
  });

  it("mark the moment only where it was recorded", () => {
    const span = { recorded_from: "2026-01-01T00:00:00Z", recorded_to: "2026-01-01T00:00:30Z" };
    expect(momentShare({ ...span, moment: "2026-01-01T00:00:10Z" })).toBeCloseTo(1 / 3);
    expect(momentShare({ ...span, moment: "2026-01-01T00:01:00Z" })).toBeNull();
    expect(momentShare({ recorded_from: null, recorded_to: null, moment: "2026-01-01T00:00:10Z" })).toBeNull();
  });

  it("say where a piece stands", () => {
    const at = Date.parse("2026-01-01T00:00:00Z");
    const there = { reason: "", wanted_to: "2026-01-01T00:00:00Z", locked_at_store: false };
    expect(standing({ ...there, state: "recording", wanted_to: "2026-01-01T00:00:07.5Z" }, at)).toBe("Recording, 8 s to go");
    expect(standing({ ...there, state: "lost", reason: "The ring was empty." }, at)).toBe("Lost: The ring was empty.");
    expect(standing({ ...there, state: "deleted", reason: "Its 30 days were over.", locked_at_store: true }, at)).toBe("To be deleted, but locked where it is stored: Its 30 days were over.");
    expect([isUnderWay({ state: "uploading" }), isUnderWay({ state: "lost" })]).toEqual([true, false]);
  });
});

it("goes on behind what does not decode, further each time, until nothing is left", () => {
  expect(behindDamage(13.4, null, 30)).toBeCloseTo(14.4);
  expect(behindDamage(14.4, 14.4, 30)).toBeCloseTo(15.4);
  expect(behindDamage(13.4, 15.4, 30)).toBeCloseTo(16.4);
  expect(behindDamage(20, 15.4, 30)).toBeCloseTo(21);
  expect(behindDamage(29.2, null, 30)).toBeNull();
});
