import { describe, expect, it } from "vitest";
import { ClockMap, readClock } from "./clockMap";

describe("ClockMap", () => {
  it("knows named frames, places others from the last one, across the wrap of 32 bits, and no further than that reaches", () => {
    const map = new ClockMap();
    expect(map.at(5)).toBeNull();
    map.note(2 ** 32 - 3000, 1_000_000);
    expect(map.at(2 ** 32 - 3000)).toBe(1_000_000);
    expect(map.at(3000)).toBe(1_000_000 + 66_667);
    expect(map.at(2 ** 32 - 6000)).toBe(1_000_000 - 33_333);
    expect(map.at(90 * 5_000)).toBeNull();
  });
});

describe("readClock", () => {
  it("reads what the relay packs, and nothing else", () => {
    const view = new DataView(new ArrayBuffer(12));
    view.setUint32(0, 4_000_000_000);
    view.setBigUint64(4, 1_800_000_000_000_001n);
    expect(readClock(view.buffer)).toEqual({ rtp: 4_000_000_000, capturedAtUs: 1_800_000_000_000_001 });
    expect([readClock("x"), readClock(new ArrayBuffer(11))]).toEqual([null, null]);
  });
});
