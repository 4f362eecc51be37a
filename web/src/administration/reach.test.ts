import { expect, test } from "vitest";
import type { RoleRights, Store } from "../api/types";
import { mayGive, mayGovern, placeName, placesFor } from "./reach";

const ROLES = [
  { role: "viewer", permissions: ["live:view"] },
  { role: "store-manager", permissions: ["live:view", "users:write"] },
  { role: "chain-administrator", permissions: ["live:view", "users:write", "chain:write"] },
] as RoleRights[];
const STORES = [
  { id: "a", name: "Alpha", region_id: "north" },
  { id: "b", name: "Beta", region_id: "north" },
  { id: "c", name: "Gamma", region_id: null },
] as Store[];
const REGIONS = [{ id: "north", name: "North", stores: 2, created_at: "" }];
const at = (role: string, store_id: string | null = null, region_id: string | null = null) => ({ role, store_id, region_id });

test.each([
  ["a manager gives viewer in the own store", [at("store-manager", "a")], "viewer", at("", "a"), true],
  ["not in another", [at("store-manager", "a")], "viewer", at("", "c"), false],
  ["not more than held", [at("store-manager", "a")], "chain-administrator", at("", "a"), false],
  ["not in the whole chain", [at("store-manager", "a")], "viewer", at(""), false],
  ["a region's manager reaches its stores", [at("store-manager", null, "north")], "viewer", at("", "b"), true],
  ["and the region", [at("store-manager", null, "north")], "viewer", at("", null, "north"), true],
  ["but no store outside", [at("store-manager", null, "north")], "viewer", at("", "c"), false],
  ["stores do not add up to their region", [at("store-manager", "a"), at("store-manager", "b")], "viewer", at("", null, "north"), false],
  ["an administrator gives everything", [at("chain-administrator")], "chain-administrator", at(""), true],
  ["a viewer gives nothing", [at("viewer")], "viewer", at("", "a"), false],
  ["an unknown role is not given", [at("chain-administrator")], "wizard", at(""), false],
])("%s", (_, mine, role, place, allowed) => expect(mayGive(mine, ROLES, role, place, STORES)).toBe(allowed));

test("only who could have given everything governs", () => {
  const weaker = { ...at("viewer", "a"), id: "1", user_id: "u", source: "local" as const, created_at: "" };
  const stronger = { ...weaker, store_id: null, role: "chain-administrator" };
  expect(mayGovern([at("store-manager", "a")], ROLES, [weaker], STORES)).toBe(true);
  expect(mayGovern([at("store-manager", "a")], ROLES, [weaker, stronger], STORES)).toBe(false);
});

test("places are those where the right is held, the widest first", () => {
  const keys = (mine: ReturnType<typeof at>[]) => placesFor("users:write", mine, ROLES, STORES, REGIONS).map(({ key }) => key);
  expect(keys([at("chain-administrator")])).toEqual(["chain", "region:north", "store:a", "store:b", "store:c"]);
  expect(keys([at("store-manager", null, "north")])).toEqual(["region:north", "store:a", "store:b"]);
  expect(keys([at("viewer")])).toEqual([]);
});

test("a place that is not seen is not named", () => {
  expect(placeName(at("", "z"), STORES, REGIONS)).toBe("A store you do not see");
  expect(placeName(at("", null, "north"), STORES, REGIONS)).toBe("Region North");
  expect(placeName(at(""), STORES, REGIONS)).toBe("The whole chain");
});
