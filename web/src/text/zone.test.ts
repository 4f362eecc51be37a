import { afterEach, expect, it } from "vitest";
import { dayStart, momentOf, setZone } from "./zone";

afterEach(() => setZone(undefined));

it.each([
  ["Europe/Madrid", "2026-07-01", 0, "2026-06-30T22:00:00.000Z"],
  ["America/New_York", "2026-11-26", 0, "2026-11-26T05:00:00.000Z"],
  ["America/New_York", "2026-11-26", 1, "2026-11-27T05:00:00.000Z"],
  ["Europe/Madrid", "2026-10-25", 1, "2026-10-25T23:00:00.000Z"], // a day of 25 hours
  ["Europe/Madrid", "2026-03-29", 0, "2026-03-28T23:00:00.000Z"],
  ["Asia/Kolkata", "2026-01-01", 0, "2025-12-31T18:30:00.000Z"],
])("a day of a store in %s", (zone, day, later, begins) => {
  setZone(zone);
  expect(dayStart(day, later)).toBe(begins);
});

it.each([
  ["America/New_York", "2026-11-26T14:30", "2026-11-26T19:30:00.000Z"],
  ["Asia/Kolkata", "2026-01-01T00:00", "2025-12-31T18:30:00.000Z"],
  ["Europe/Madrid", "2026-03-29T01:59", "2026-03-29T00:59:00.000Z"],
  ["Europe/Madrid", "2026-03-29T03:00", "2026-03-29T01:00:00.000Z"],
  ["Europe/Madrid", "2026-03-29T02:30", "2026-03-29T01:30:00.000Z"], // skipped
  ["Europe/Madrid", "2026-10-25T02:30", "2026-10-25T00:30:00.000Z"], // comes twice: the first
  ["Europe/Madrid", "2026-10-25T03:00", "2026-10-25T02:00:00.000Z"],
  ["Europe/Madrid", "2026-10-25T12:00:05", "2026-10-25T11:00:05.000Z"],
])("what a clock in %s shows at %s", (zone, local, moment) => {
  setZone(zone);
  expect(momentOf(local)).toBe(moment);
});
