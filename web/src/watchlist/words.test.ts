import { expect, test } from "vitest";
import { overdue, receiptText, byMonth, dayAfter, daysLeft, perDay, upwards } from "./words";

const NOW = new Date("2026-03-01T10:00:00Z");

test("days left are rounded up and end with over", () => {
  expect(daysLeft("2026-03-01T10:00:00Z", NOW)).toBe("over");
  expect(daysLeft("2026-03-01T18:00:00Z", NOW)).toBe("ends within a day");
  expect(daysLeft("2026-03-11T11:00:00Z", NOW)).toBe("11 days left");
});

test("a least value is shown so that it is enough", () => {
  expect([0.95, 0.9557, 0.95571, 0.98266].map(upwards)).toEqual(["0.9500", "0.9557", "0.9558", "0.9827"]);
});

test("a day ahead crosses months", () => {
  expect(dayAfter(new Date(2026, 0, 31, 12), 1)).toBe("2026-02-01");
});

test("entries are grouped by the month of their end, the soonest first", () => {
  const ends = ["2026-05-02T00:00:00Z", "2026-03-09T00:00:00Z", "2026-05-01T00:00:00Z"].map((expires_at) => ({ expires_at }));
  expect(byMonth(ends).map(([month, each]) => [month, each.length])).toEqual([["2026-03", 1], ["2026-05", 2]]);
});

test("false alerts are said in a unit that people can imagine, with their interval", () => {
  expect(perDay(null)).toBe("cannot be said yet");
  expect(perDay({ value: 2.04, low: 0.9, high: 5.13 })).toBe("about 2 a day (0.9 to 5.1)");
  expect(perDay({ value: 0.02, low: 0.012, high: 0.1 })).toBe("about 7.3 a year (4.4 to 37)");
  expect(perDay({ value: 0.0001, low: 0, high: 0.001 })).toBe("fewer than one a year");
  expect(perDay({ value: 120.4, low: 90.2, high: 151 })).toBe("about 120 a day (90 to 151)");
});

test("an erasure says what it removed and that nothing is left", () => {
  const none = { templates: 0, pictures: 0, lead_pictures: 0 };
  expect(receiptText({ removed: { templates: 1, pictures: 1, lead_pictures: 3 }, remaining: none })).toBe("Erased: 1 template, 1 picture, 3 pictures of leads. Left: nothing.");
  expect(receiptText({ removed: none, remaining: { ...none, pictures: 1 } })).toBe("Erased: nothing was left to remove. Left: 1 picture.");
});

test("an entry is overdue from its day of review on", () => {
  const now = new Date(2026, 10, 26, 12);
  expect([overdue("2026-11-27", now), overdue("2026-11-26", now), overdue("2025-12-31", now)]).toEqual([false, true, true]);
});
