import { expect, it } from "vitest";
import { readLayout, same, shownIn, WHOLE, withLayout, writeLayout } from "./layout";

it("survives the address, and takes nonsense for the whole", () => {
  const layout = { cameras: ["b", "a"], columns: 3 };
  expect(readLayout(writeLayout(layout))).toEqual(layout);
  expect(readLayout(new URLSearchParams("columns=99&show=,"))).toEqual(WHOLE);
  expect([writeLayout(WHOLE).toString(), same(layout, { cameras: ["b", "a"], columns: 3 }), same(layout, WHOLE)]).toEqual(["", true, false]);
});

it("shows its cameras in its order, and everything where none of them is left", () => {
  const all = [{ id: "a" }, { id: "b" }, { id: "c" }];
  expect(shownIn({ cameras: ["c", "gone", "a"], columns: null }, all).map(({ id }) => id)).toEqual(["c", "a"]);
  expect(shownIn({ cameras: ["gone"], columns: null }, all)).toBe(all);
});

it("keeps one layout a name", () => {
  const first = { name: "Tills", cameras: ["a"], columns: null };
  expect(withLayout(withLayout([first], { name: "Doors", cameras: ["b"], columns: 2 }), { ...first, cameras: ["c"] })).toEqual([
    { name: "Doors", cameras: ["b"], columns: 2 },
    { name: "Tills", cameras: ["c"], columns: null },
  ]);
});
