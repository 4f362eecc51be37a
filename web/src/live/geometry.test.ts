import { describe, expect, it } from "vitest";
import { columnsFor, letterbox, LIMBS, mapBox, mapping, skeleton, tagPlace } from "./geometry";

const canvas = { width: 1600, height: 900 };

describe("letterbox", () => {
  it.each([
    ["same shape", { width: 1920, height: 1080 }, { x: 0, y: 0, width: 1600, height: 900 }],
    ["portrait", { width: 1088, height: 1920 }, { x: 545, y: 0, width: 510, height: 900 }],
    ["wider", { width: 3200, height: 900 }, { x: 0, y: 225, width: 1600, height: 450 }],
    ["nothing yet", { width: 0, height: 0 }, { x: 0, y: 0, width: 0, height: 0 }],
  ])("%s", (_, content, expected) => expect(letterbox(content, canvas)).toEqual(expected));
});

describe("boxes", () => {
  const frame = { width: 1088, height: 1920 };
  const shown = letterbox(frame, canvas);
  const to = mapping(frame, shown);

  it("land on the picture, not on the bars", () => {
    expect(mapBox([0, 0, 1088, 1920], to, shown)).toEqual(shown);
    expect(mapBox([544, 960, 1088, 1920], to, shown)).toEqual({ x: 800, y: 450, width: 255, height: 450 });
  });

  it("are cut at the picture's edge", () => {
    expect(mapBox([-500, -10, 544, 960], to, shown)).toEqual({ x: 545, y: 0, width: 255, height: 450 });
  });

  it("do not depend on the size of the picture that was sent", () => {
    // A 1920x1080 frame analysed, a 960x540 picture of it shown.
    const small = letterbox({ width: 960, height: 540 }, canvas);
    expect(mapBox([960, 540, 1920, 1080], mapping({ width: 1920, height: 1080 }, small), small)).toEqual({ x: 800, y: 450, width: 800, height: 450 });
  });
});

describe("tagPlace", () => {
  const shown = { x: 100, y: 0, width: 400, height: 300 };
  const tag = { width: 60, height: 20 };
  it.each([
    ["above", { x: 200, y: 100, width: 50, height: 50 }, { x: 200, y: 80 }],
    ["inside at the top edge", { x: 200, y: 5, width: 50, height: 50 }, { x: 200, y: 5 }],
    ["not beyond the right edge", { x: 480, y: 100, width: 20, height: 50 }, { x: 440, y: 80 }],
  ])("%s", (_, box, expected) => expect(tagPlace(box, tag, shown)).toEqual(expected));
});

describe("skeleton", () => {
  const to = mapping({ width: 100, height: 100 }, { x: 0, y: 0, width: 200, height: 200 });
  const all = (score: number) => Array.from({ length: 17 }, (_, index): [number, number, number] => [index, index * 2, score]);

  it("has every limb of a person fully seen, scaled", () => {
    const lines = skeleton(all(0.9), to);
    expect(lines).toHaveLength(LIMBS.length);
    expect(lines[4]).toEqual([10, 20, 12, 24]); // shoulders: 5 to 6
  });

  it("leaves out limbs with an unsure end", () => {
    const keypoints = all(0.9);
    keypoints[15] = [0, 0, 0.1]; // left ankle
    expect(skeleton(keypoints, to)).toHaveLength(LIMBS.length - 1);
    expect(skeleton(all(0.1), to)).toEqual([]);
  });

  it("takes a person without keypoints", () => expect(skeleton([], to)).toEqual([]));
});

describe("columnsFor", () => {
  it.each([
    [1, 1440, 1],
    [4, 1440, 2],
    [5, 1440, 3],
    [12, 1440, 3],
    [12, 2400, 4],
    [4, 360, 1],
    [9, 900, 2],
  ])("%i tiles on %i px: %i", (count, width, columns) => expect(columnsFor(count, width)).toBe(columns));
});
