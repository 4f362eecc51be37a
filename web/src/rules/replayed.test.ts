import { expect, test } from "vitest";
import type { Replay } from "./endpoints";
import { NOTHING, plus, verdict } from "./replayed";

const alert = (before: boolean, after: boolean): Replay["alerts"][number] => ({ camera_id: "c", zone_id: null, raised_at: "", started_at: "", ended_at: "", score: 1, before, after });
const part = (until: string, before: number, after: number): Replay => ({
  covered_until: until,
  kept_since: null,
  frames: 10,
  accuracy: "exact",
  limits: ["A limit."],
  before: { alerts: before, occurrences: before },
  after: { alerts: after, occurrences: after },
  raised: { alerts: before, occurrences: before },
  cells: [{ camera_id: "c", hour: "2026-01-01T00:00:00Z", before, after }],
  alerts: [alert(true, true), alert(true, false)],
});

test("portions add up, an hour that two share is one, and a limit is said once", () => {
  const since = Date.parse("2026-01-01T00:00:00Z");
  const until = Date.parse("2026-01-01T04:00:00Z");
  const half = plus(NOTHING, part("2026-01-01T02:00:00Z", 2, 1), since, until);
  expect(half.done).toBe(0.5);
  const whole = plus(half, part("2026-01-01T04:00:00Z", 2, 1), since, until);
  expect([whole.before, whole.after, whole.done, whole.limits]).toEqual([4, 2, 1, ["A limit."]]);
  expect(whole.cells).toEqual([{ camera_id: "c", hour: "2026-01-01T00:00:00Z", before: 4, after: 2 }]);
  expect(verdict(whole)).toBe("4 alerts as it is set, 2 as asked: 2 would not have come.");
});

test("nothing and no change have words of their own", () => {
  expect(verdict(NOTHING)).toBe("No alert with either setting.");
  expect(verdict({ ...NOTHING, before: 1, after: 1, alerts: [alert(true, true)] })).toBe("The same alert.");
  expect(verdict({ ...NOTHING, before: 2, after: 2, alerts: [alert(true, true), alert(true, true)] })).toBe("The same 2 alerts.");
});
