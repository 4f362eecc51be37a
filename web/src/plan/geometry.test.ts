import { describe, expect, it } from "vitest";
import { aimed, cone, moved, newPlace, pressed, scaleBar, seenAt, tip, turned } from "./geometry";

const SIZE = { width: 1000, height: 500 };
const place = { ...newPlace("c"), x: 0.5, y: 0.5, heading_deg: 90, view_deg: 90, reach: 0.1 };

describe("a camera on the plan", () => {
  it("looks right of its place at 90 degrees, as far as it reaches in the plan's width", () => {
    expect(tip(place, SIZE)).toEqual([expect.closeTo(0.6), expect.closeTo(0.5)]);
    expect(tip({ ...place, heading_deg: 180 }, SIZE)).toEqual([expect.closeTo(0.5), expect.closeTo(0.7)]);
    expect(cone(place, SIZE)).toBe("M 500 250 L 570.7 179.3 A 100 100 0 0 1 570.7 320.7 Z");
  });

  it("sees all around with a fisheye, and more than half with a large arc", () => {
    expect(cone({ ...place, view_deg: 360 }, SIZE)).toMatch(/^M 400 250 A .* 600 250 A .* 400 250 Z$/);
    expect(cone({ ...place, view_deg: 200 }, SIZE)).toContain(" 0 1 1 ");
    expect(seenAt({ ...place, view_deg: 360 }, SIZE)).toEqual([0.5, 0.5]);
    expect(seenAt(place, SIZE)).toEqual([0.555, 0.5]);
  });

  it("stays on the plan wherever it is dragged or pushed", () => {
    expect(moved(place, [-3, 1.2])).toMatchObject({ x: 0, y: 1 });
    expect(pressed({ ...place, x: 1 }, "ArrowRight", false)).toMatchObject({ x: 1, y: 0.5 });
    expect(pressed(place, "ArrowUp", false)).toMatchObject({ y: 0.49 });
    expect(pressed(place, "ArrowLeft", true)).toMatchObject({ x: 0.499 });
    expect(pressed(place, "a", false)).toBeNull();
  });

  it("turns around the circle", () => {
    expect(turned({ ...place, heading_deg: 358 }, 5).heading_deg).toBe(3);
    expect(pressed({ ...place, heading_deg: 2 }, "[", false)?.heading_deg).toBe(357);
    expect(pressed(place, "}", true)?.heading_deg).toBe(91);
  });

  it("is aimed by its cone's end: what was pulled is where it ends", () => {
    for (const to of [[0.7, 0.5], [0.5, 0.1], [0.2, 0.9], [0.5, 0.99]] as [number, number][]) {
      const [x, y] = tip(aimed(place, to, SIZE), SIZE);
      expect([x, y]).toEqual([expect.closeTo(to[0], 2), expect.closeTo(to[1], 2)]);
    }
    expect(aimed(place, [0.5, 0.5], SIZE)).toEqual(place);
    expect(aimed(place, [0.5, 0.3], SIZE).heading_deg).toBe(0);
  });
});

it.each([
  [60, 10],
  [100, 10],
  [7, 1],
  [130, 20],
  [1, 0.1],
])("a plan of %d m has a bar of %d m", (width, metres) => {
  expect(scaleBar(width).metres).toBeCloseTo(metres);
  expect(scaleBar(width).share).toBeCloseTo(metres / width);
});
