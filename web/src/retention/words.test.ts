import { expect, it } from "vitest";
import { deletesMore, ruleFor, stays, weight } from "./words";

const rule = (store_id: string | null, days: number) => ({ class: "alert" as const, store_id, days, most_bytes: null });

it("finds the rule that counts: the store's, the chain's, the default", () => {
  const known = { items: [rule(null, 20), rule("north", 5)], defaults: [rule(null, 30)] };
  expect(ruleFor(known, "alert", "north")).toEqual({ rule: rule("north", 5), whose: "store" });
  expect(ruleFor(known, "alert", "south")).toEqual({ rule: rule(null, 20), whose: "chain" });
  expect(ruleFor(known, "alert", null)).toEqual({ rule: rule(null, 20), whose: "chain" });
  expect(ruleFor({ ...known, items: [] }, "alert", "south")).toEqual({ rule: rule(null, 30), whose: "default" });
});

it("says how long, how much, and how big", () => {
  expect(stays({ days: 1, most_bytes: null })).toBe("1 day");
  expect(stays({ days: 30, most_bytes: 20 * 1024 ** 3 })).toBe("30 days, at most 20 GB a store");
  expect([weight(812_000), weight(4_300_000), weight(10)]).toEqual(["812 kB", "4.3 MB", "1 kB"]);
});

it("knows which change deletes more", () => {
  const kept = { days: 30, most_bytes: null };
  expect(deletesMore(kept, kept)).toBe(false);
  expect(deletesMore(kept, { days: 29, most_bytes: null })).toBe(true);
  expect(deletesMore(kept, { days: 40, most_bytes: 1 })).toBe(true);
  expect(deletesMore({ days: 30, most_bytes: 1 }, { days: 30, most_bytes: null })).toBe(false);
});
