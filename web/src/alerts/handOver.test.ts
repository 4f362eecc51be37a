import { expect, it } from "vitest";
import { byUrgency, tally } from "./handOver";

const alert = (state: "raised" | "snoozed" | "acknowledged" | "resolved", threat: "low" | "medium" | "high", raised_at: string, outcome: string | null = null) => ({ state, threat, raised_at, outcome });

it("puts what nobody is done with first, then the higher threat, then the older", () => {
  const sorted = byUrgency([alert("acknowledged", "high", "1"), alert("raised", "low", "2"), alert("snoozed", "high", "4"), alert("raised", "high", "3")]);
  expect(sorted.map(({ raised_at }) => raised_at)).toEqual(["3", "4", "2", "1"]);
});

it("counts what came and what became of it", () => {
  expect(tally([alert("resolved", "high", "1", "false"), alert("resolved", "low", "2", "correct"), alert("raised", "high", "3")])).toEqual({ raised: 3, resolved: 2, wrong: 1, high: 2 });
});
