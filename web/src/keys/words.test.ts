import { expect, test } from "vitest";
import type { ApiKey } from "../api/types";
import { keyState, offered, permissionWords } from "./words";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const KEY = { expires_at: "2027-01-23T12:00:00Z", revoked_at: null, previous_secret_ends_at: null } as ApiKey;

test.each([
  ["good", {}],
  ["good", { expires_at: null }],
  ["ending", { expires_at: "2026-11-30T12:00:00Z" }],
  ["ended", { expires_at: "2026-11-23T12:00:00Z" }],
  ["rotating", { previous_secret_ends_at: "2026-11-23T12:00:01Z" }],
  ["good", { previous_secret_ends_at: "2026-11-23T12:00:00Z" }],
  ["revoked", { revoked_at: "2026-11-01T12:00:00Z", expires_at: "2026-11-02T12:00:00Z" }],
])("%s: %o", (state, change) => expect(keyState({ ...KEY, ...change }, NOW)).toBe(state));

test("what is not for keys is not offered, what is unknown comes last", () => {
  expect(offered(["zebra:read", "self", "cameras:read", "users:write", "alerts:read", "api-keys:write", "policy:approve", "worker"])).toEqual([
    "alerts:read",
    "cameras:read",
    "zebra:read",
  ]);
});

test("an unknown permission has words, too", () => expect(permissionWords("zebra:read")).toBe("Zebra: read"));
