import { expect, it } from "vitest";
import { byNeed } from "./urgency";

it("puts high threats first, then what waits longest, then silent cameras", () => {
  const state = (name: string, high: number, waiting_since: string | null, live = 4) => ({ name, high, open: high, cameras: 4, live, waiting_since });
  const sorted = byNeed([state("calm", 0, null), state("silent", 0, null, 2), state("newer", 0, "2026-11-26T09:00:00Z"), state("older", 0, "2026-11-26T08:00:00Z"), state("high", 2, "2026-11-26T10:00:00Z")]);
  expect(sorted.map(({ name }) => name)).toEqual(["high", "older", "newer", "silent", "calm"]);
});
