import { expect, it } from "vitest";
import { change, differs, figure, share } from "./words";

it("writes shares, figures and changes", () => {
  expect([share(0.25), share(0.02), share(0.005), share(1), share(0)]).toEqual(["25 %", "2 %", "0.5 %", "100 %", "0 %"]);
  expect([figure(null), figure(0.91234), figure(0.02, true), figure(-0.02, true)]).toEqual(["–", "0.912", "+0.020", "-0.020"]);
  expect([change(25.4, 31), change(null, 31)]).toEqual(["25 → 31 ms", "–"]);
});

it("says who found somebody alone, else how unlike the skeletons are", () => {
  expect(differs(1, 2, 1)).toBe("1 found by the version in use alone, 2 found by the new one alone");
  expect(differs(0, 0, 0.31)).toBe("keypoints alike to 0.31");
});
