import { expect, it } from "vitest";
import { due, outcomes } from "./words";

const at = Date.parse("2026-11-01T00:00:00Z");
const open = { state: "open" as const, answer_by: "2026-12-01T00:00:00Z", outcome: null };

it("says what is due next and when it is late", () => {
  expect(due(open, at)).toEqual(["Answer within 30 days", "ending"]);
  expect(due(open, at + 30.5 * 86_400_000)).toEqual(["Answer: overdue", "bad"]);
  expect(due({ ...open, state: "answered", outcome: "nothing-held" }, at)).toEqual(["Nothing held", "good"]);
});

it("offers only what was done", () => {
  const none = { searches: 0, exports: 0 };
  expect(outcomes("erasure", [], none)).toEqual(["partly-fulfilled", "refused"]);
  expect(outcomes("erasure", [], { searches: 1, exports: 0 })).toContain("nothing-held");
  expect(outcomes("erasure", [{ erased: true }, { erased: false }], none)).not.toContain("fulfilled");
  expect(outcomes("erasure", [{ erased: true }], none)).toContain("fulfilled");
  expect(outcomes("access", [{ erased: false }], { searches: 1, exports: 1 })).toContain("fulfilled");
});
