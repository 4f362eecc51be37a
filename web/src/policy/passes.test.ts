import { expect, test } from "vitest";
import { mistake, ofReport, rate, sum } from "./passes";

const row = (camera: string, strangers: number, false_matches: number, enrolled: number, misses: number) => ({ camera, light: "day", strangers, false_matches, enrolled, misses });

test("rows are summed, and cameras counted once", () => {
  expect(sum([row("a", 50, 0, 10, 1), row("a", 50, 1, NaN, 0), row("b", 10, 0, 5, 2)])).toEqual({ cameras: 2, strangers: 110, false_matches: 1, enrolled: 15, misses: 3 });
});

test("a camera that nobody walked past was not tested", () => {
  expect(sum([row("a", 50, 0, 10, 1), row("b", 0, 0, 0, 0), row("c", NaN, 0, 3, 0), row("d", NaN, 0, NaN, 0)]).cameras).toBe(2);
});

test("counts that cannot be are named", () => {
  expect(mistake(row("a", 100, 0, 20, 0))).toBeNull();
  expect(mistake(row("a", 0, 0, 20, 0))).toContain("at least once");
  expect(mistake(row("a", 1, 2, 20, 0))).toContain("strangers");
  expect(mistake(row("a", 1, 0, 2, 3))).toContain("missed");
});

test("a rate says how little few passes prove", () => {
  expect(rate(0, 10)).toBe("0 of 10 (true rate between 0.0 % and 27.8 %)");
  expect(rate(0, 0)).toBe("cannot be said");
});

test("only a report of the benchmark fills the counts in", () => {
  const record = { switch: "face", performed_on: "2026-03-01", cameras: 2, strangers: 100, false_matches: 1, enrolled: 20, misses: 3 };
  expect(ofReport(JSON.stringify({ record }))?.strangers).toBe(100);
  for (const wrong of ["", "{}", "[]", "null", JSON.stringify({ record: { ...record, misses: "3" } })]) expect(ofReport(wrong)).toBeNull();
});
