import { expect, it } from "vitest";
import type { FootageState } from "./endpoints";
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
  const found = (entries: { erased: boolean }[] = [], ...states: FootageState[]) => ({ entries, footage: states.map((state) => ({ state })), more_footage: false });
  expect(outcomes("erasure", found(), none)).toEqual(["partly-fulfilled", "refused"]);
  expect(outcomes("erasure", found(), { searches: 1, exports: 0 })).toContain("nothing-held");
  expect(outcomes("erasure", found([{ erased: true }, { erased: false }]), none)).not.toContain("fulfilled");
  expect(outcomes("erasure", found([{ erased: true }]), none)).toContain("fulfilled");
  expect(outcomes("access", found([{ erased: false }]), { searches: 1, exports: 1 })).toContain("fulfilled");
});

it("counts footage among what is held", () => {
  const searched = { searches: 1, exports: 0 };
  const found = (...states: FootageState[]) => ({ entries: [], footage: states.map((state) => ({ state })), more_footage: false });
  expect(outcomes("erasure", found("erased", "not-theirs"), searched)).toContain("fulfilled");
  for (const state of ["to-look-at", "theirs", "due", "kept", "lost"] as const) expect(outcomes("erasure", found("erased", state), searched)).not.toContain("fulfilled");
  expect(outcomes("access", found("not-theirs"), searched)).toContain("nothing-held");
  expect(outcomes("access", found("to-look-at"), searched)).not.toContain("nothing-held");
  expect(outcomes("erasure", { ...found("erased"), more_footage: true }, searched)).not.toContain("fulfilled");
});
