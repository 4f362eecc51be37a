import { expect, test } from "vitest";
import { refusedSentence, safeNext } from "./next";

test.each([
  ["/alerts?state=raised", "/alerts?state=raised"],
  ["//elsewhere.example", "/"],
  ["/\\elsewhere.example", "/"],
  ["https://elsewhere.example", "/"],
  ["/login?next=/login", "/"],
  ["/", "/"],
  [null, "/"],
])("%s leads to %s", (next, to) => expect(safeNext(next)).toBe(to));

test("a refusal is told in our words, whatever the address says", () => {
  expect(refusedSentence(null)).toBeNull();
  expect(refusedSentence("no-role")).toMatch(/no role/);
  expect(refusedSentence("<b>pay here</b>")).not.toMatch(/pay/);
  expect(refusedSentence("constructor")).toMatch(/not accepted/);
});
