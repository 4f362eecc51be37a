import { expect, it } from "vitest";
import { due } from "./clocks";

const at = Date.parse("2026-11-01T00:00:00Z");
const open = { state: "open" as const, acknowledge_by: "2026-11-08T00:00:00Z", answer_by: "2026-12-01T00:00:00Z", outcome: null };

it("says what is due next and when it is late", () => {
  expect(due(open, at)).toEqual(["Acknowledge within 7 days", "ending"]);
  expect(due(open, at + 7.5 * 86_400_000)).toEqual(["Acknowledge: overdue", "bad"]);
  expect(due({ ...open, state: "acknowledged" }, at + 29.5 * 86_400_000)).toEqual(["Answer within 1 day", "ending"]);
  expect(due({ ...open, state: "decided", outcome: "partly-upheld" }, at)).toEqual(["Partly upheld", "good"]);
});
