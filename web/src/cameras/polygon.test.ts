import { describe, expect, it } from "vitest";
import type { Point } from "../api/types";
import { area, arrow, crossesItself, fault, mostPoints, moved, split, tidy } from "./polygon";

const square: Point[] = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]];
const bowTie: Point[] = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]];

describe("polygons", () => {
  it("finds what cannot be a zone", () => {
    expect(fault(square)).toBeNull();
    expect(fault(square.slice(0, 2))).toMatch(/at least 3/);
    expect(fault(bowTie)).toMatch(/crosses itself/);
    expect(fault([[0.1, 0.1], [0.11, 0.1], [0.11, 0.11]])).toMatch(/too small/);
    expect(fault(Array.from({ length: 65 }, (): Point => [0, 0]))).toMatch(/at most/);
  });

  it("measures", () => expect(area(square)).toBeCloseTo(0.64));

  it("is not confused by a concave outline", () => {
    expect(crossesItself([[0, 0], [1, 0], [1, 1], [0.5, 0.2], [0, 1]])).toBe(false);
  });

  it("edits without touching the original", () => {
    expect(split(square, 3)).toEqual([...square, [0.1, 0.5]]);
    expect(moved(square, 0, [-1, 2])[0]).toEqual([0, 1]);
    expect(square[0]).toEqual([0.1, 0.1]);
    expect(tidy([0.123456, 0.5])).toEqual([0.1235, 0.5]);
  });
});

describe("lines", () => {
  it("has two ends that are apart", () => {
    expect(fault([[0.1, 0.1], [0.9, 0.1]], "line")).toBeNull();
    expect(fault(square, "line")).toMatch(/two ends/);
    expect(fault([[0.1, 0.1]], "line")).toMatch(/two ends/);
    expect(fault([[0.1, 0.1], [0.11, 0.1]], "line")).toMatch(/too short/);
    expect([mostPoints("line"), mostPoints("queue")]).toEqual([2, 64]);
  });

  it("points to the right hand of whoever walks along it", () => {
    const down = arrow([[0.5, 0], [0.5, 1]], 1600, 900);
    expect(down?.from).toEqual([800, 450]);
    expect(down?.to[0]).toBeLessThan(800);
    expect(arrow([[0.5, 1], [0.5, 0]], 1600, 900)?.to[0]).toBeGreaterThan(800);
    expect(arrow([[0.5, 0.5], [0.5, 0.5]], 1600, 900)).toBeNull();
  });
});
