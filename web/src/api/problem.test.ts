import { describe, expect, it } from "vitest";
import { queryText } from "./client";
import { ApiError, sentenceFor, sentenceOf } from "./problem";

describe("sentenceOf", () => {
  it.each([
    [422, { title: "Cannot use this input", detail: "the camera refused the password" }, "The camera refused the password."],
    [422, { errors: [{ loc: ["body", "url"], msg: "Field required" }] }, "Url: Field required."],
    [422, { detail: [{ loc: ["body", "name"], msg: "too long" }] }, "Name: too long."],
    [409, { title: "Conflict" }, "Conflict."],
    [403, null, "Your role does not allow this."],
    [502, "<html>", "The server answered with error 502."],
  ])("%i %j", (status, body, sentence) => expect(sentenceOf(status, body)).toBe(sentence));

  it("knows its own errors from others", () => {
    expect(sentenceFor(new ApiError(404, "Gone."))).toBe("Gone.");
    expect(sentenceFor(new Error("odd"))).toBe("Odd.");
    expect(sentenceFor("odd")).toBe("Something went wrong.");
  });
});

it("writes queries without empty values", () => {
  expect(queryText({ a: "x y", b: ["1", "2"], c: null, d: "", e: [] })).toBe("?a=x+y&b=1&b=2");
  expect(queryText(undefined)).toBe("");
});
