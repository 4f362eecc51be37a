import { describe, expect, it } from "vitest";
import { LIMITS, microseconds, Pairing } from "./pairing";

function makePairing() {
  const released: string[] = [];
  return { pairing: new Pairing<string, string>((picture) => released.push(picture)), released };
}

describe("Pairing", () => {
  it.each([["picture first"], ["analysis first"]])("joins the two of one frame: %s", (order) => {
    const { pairing } = makePairing();
    if (order === "picture first") pairing.addPicture(100, "p", 0);
    pairing.addAnalysis(100, "a");
    if (order === "analysis first") pairing.addPicture(100, "p", 0);
    expect(pairing.take(0)).toEqual({ capturedAtUs: 100, picture: "p", analysis: "a" });
    expect(pairing.take(0)).toBeNull();
  });

  it("shows a picture alone once it has waited long enough, not before", () => {
    const { pairing } = makePairing();
    pairing.addPicture(100, "p", 1000);
    expect(pairing.take(1000 + LIMITS.waitMs - 1)).toBeNull();
    expect(pairing.take(1000 + LIMITS.waitMs)).toEqual({ capturedAtUs: 100, picture: "p", analysis: null });
  });

  it("never joins an analysis to another frame's picture", () => {
    const { pairing } = makePairing();
    pairing.addPicture(100, "p", 0);
    pairing.addAnalysis(101, "a");
    expect(pairing.take(0)).toBeNull();
    expect(pairing.take(LIMITS.waitMs)?.analysis).toBeNull();
  });

  it("shows the newest complete frame and releases the older ones", () => {
    const { pairing, released } = makePairing();
    pairing.addPicture(1, "p1", 0);
    pairing.addPicture(2, "p2", 0);
    pairing.addPicture(3, "p3", 0);
    pairing.addAnalysis(2, "a2");
    expect(pairing.take(0)?.picture).toBe("p2");
    expect(released).toEqual(["p1"]);
    pairing.addAnalysis(3, "a3");
    expect(pairing.take(0)?.picture).toBe("p3");
  });

  it("drops what is older than the frame on show", () => {
    const { pairing, released } = makePairing();
    pairing.addPicture(200, "p200", 0);
    pairing.addAnalysis(200, "a200");
    pairing.take(0);
    pairing.addPicture(100, "p100", 0);
    pairing.addAnalysis(100, "a100");
    expect(pairing.take(10_000)).toBeNull();
    expect(released).toEqual(["p100"]);
  });

  it("starts over when a camera's clock is set back", () => {
    const { pairing } = makePairing();
    pairing.addPicture(50_000_000, "new", 0);
    pairing.take(LIMITS.waitMs);
    pairing.addPicture(10_000_000, "old clock", 1000);
    expect(pairing.take(1000 + LIMITS.waitMs)?.picture).toBe("old clock");
  });

  it("stays bounded, keeps the newest and releases every picture it drops", () => {
    const { pairing, released } = makePairing();
    for (let at = 1; at <= 100; at += 1) {
      pairing.addPicture(at, `p${at}`, 0);
      pairing.addAnalysis(at + 1000, "a");
    }
    expect(released).toHaveLength(100 - LIMITS.mostPictures);
    pairing.clear();
    expect(new Set(released).size).toBe(100);
  });

  it("takes lost messages: every second analysis missing still shows every picture", () => {
    const { pairing } = makePairing();
    const shown: (string | null)[] = [];
    for (let at = 1; at <= 6; at += 1) {
      pairing.addPicture(at * 200_000, `p${at}`, at * 400);
      if (at % 2) pairing.addAnalysis(at * 200_000, `a${at}`);
      shown.push(pairing.take(at * 400 + LIMITS.waitMs)?.analysis ?? null);
    }
    expect(shown).toEqual(["a1", null, "a3", null, "a5", null]);
  });
});

describe("microseconds", () => {
  it.each([
    ["1970-01-01T00:00:00Z", 0],
    ["1970-01-01T00:00:01.5Z", 1_500_000],
    ["2026-11-22T22:15:20.123456Z", 1_795_385_720_123_456],
    ["2026-11-22T22:15:20.123456789+00:00", 1_795_385_720_123_456],
    ["2026-11-22T23:15:20.000001+01:00", 1_795_385_720_000_001],
  ])("%s", (given, expected) => expect(microseconds(given)).toBe(expected));

  it.each(["", "yesterday", "2026-11-22"])("is not a number for %j", (given) => expect(microseconds(given)).toBeNaN());
});
