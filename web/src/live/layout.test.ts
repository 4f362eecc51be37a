import { expect, it } from "vitest";
import { divided, readLayout, same, shownIn, WHOLE, writeLayout } from "./layout";

it("survives the address, and takes nonsense for the whole", () => {
  const layout = { cameras: ["b", "a"], columns: 3, large: 2 };
  expect(readLayout(writeLayout(layout))).toEqual(layout);
  expect(readLayout(new URLSearchParams("columns=99&show=,&large=x"))).toEqual(WHOLE);
  expect([writeLayout(WHOLE).toString(), same(layout, { cameras: ["b", "a"], columns: 3, large: 2 }), same(layout, WHOLE)]).toEqual(["", true, false]);
});

it("shows its cameras in its order, and everything where none of them is left", () => {
  const all = [{ id: "a" }, { id: "b" }, { id: "c" }];
  expect(shownIn({ cameras: ["c", "gone", "a"], columns: null, large: null }, all).map(({ id }) => id)).toEqual(["c", "a"]);
  expect(shownIn({ cameras: ["gone"], columns: null, large: null }, all)).toBe(all);
});

it("lets a few of many cameras move, all of a few, and as many as a layout says", () => {
  const cameras = Array.from({ length: 36 }, (_, index) => index);
  const sizes = (large: number | null, count: number) => {
    const { moving, stills, left } = divided(large, cameras.concat(cameras).slice(0, count));
    return [moving.length, stills.length, left];
  };
  expect([sizes(null, 9), sizes(null, 36), sizes(6, 36), sizes(0, 3), sizes(null, 70)]).toEqual([[9, 0, 0], [4, 32, 0], [6, 30, 0], [0, 3, 0], [4, 60, 6]]);
  expect(divided(2, ["a", "b", "c"])).toEqual({ moving: ["a", "b"], stills: ["c"], left: 0 });
});
