import { expect, test } from "vitest";
import { byMonth, dayAfter, daysLeft } from "./words";

const NOW = new Date("2026-03-01T10:00:00Z");

test("days left are rounded up and end with over", () => {
  expect(daysLeft("2026-03-01T10:00:00Z", NOW)).toBe("over");
  expect(daysLeft("2026-03-01T18:00:00Z", NOW)).toBe("ends within a day");
  expect(daysLeft("2026-03-11T11:00:00Z", NOW)).toBe("11 days left");
});

test("a day ahead crosses months", () => {
  expect(dayAfter(new Date(2026, 0, 31, 12), 1)).toBe("2026-02-01");
});

test("entries are grouped by the month of their end, the soonest first", () => {
  const ends = ["2026-05-02T00:00:00Z", "2026-03-09T00:00:00Z", "2026-05-01T00:00:00Z"].map((expires_at) => ({ expires_at }));
  expect(byMonth(ends).map(([month, each]) => [month, each.length])).toEqual([["2026-03", 1], ["2026-05", 2]]);
});
