import { expect, it } from "vitest";
import { ruleFor, stays, weight } from "./words";

const rule = (store_id: string | null, days: number) => ({ class: "alert" as const, store_id, days, most_bytes: null });

it("finds the rule that counts: the store's, the chain's, the default", () => {
  const known = { items: [rule(null, 20), rule("north", 5)], defaults: [rule(null, 30)] };
  expect(ruleFor(known, "alert", "north")).toEqual({ rule: rule("north", 5), whose: "store" });
  expect(ruleFor(known, "alert", "south")).toEqual({ rule: rule(null, 20), whose: "chain" });
  expect(ruleFor({ ...known, items: [] }, "alert", "south")).toEqual({ rule: rule(null, 30), whose: "default" });
});

it("says how long, how much, and how big", () => {
  expect(stays({ days: 1, most_bytes: null })).toBe("1 day");
  expect(stays({ days: 30, most_bytes: 20 * 1024 ** 3 })).toBe("30 days, at most 20 GB a store");
  expect([weight(812_000), weight(4_300_000), weight(10)]).toEqual(["812 kB", "4.3 MB", "1 kB"]);
});
