import { describe, expect, it } from "vitest";
import { queryText } from "./client";
import { languageChoice } from "../text/language";
import { ApiError, sentenceFor, sentenceOf } from "./problem";
import { SAID } from "./spanish";

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

describe("in Spanish", () => {
  const service = import.meta.glob<string>("../../../app/**/*.py", { query: "?raw", import: "default", eager: true });
  // Python joins neighbouring literals; so does this.
  const source = Object.values(service).join("\n").replace(/"\s*\n\s*f?"/g, "");

  it("the service still says each sentence that has a translation", () => {
    expect(Object.keys(service).length).toBeGreaterThan(200);
    expect(Object.keys(SAID).filter((sentence) => !source.includes(sentence))).toEqual([]);
  });

  it("a sentence without a translation comes after what kind of refusal it is", () => {
    languageChoice.set("es");
    expect(sentenceOf(403, { detail: "Your roles do not allow this." })).toBe("Sus funciones no lo permiten.");
    expect(sentenceOf(404, { detail: "There is no such zone, or you may not see it." })).toBe("No existe, o usted no puede verlo.");
    expect(sentenceOf(422, { detail: "name: too long" })).toBe("El servidor no aceptó estos datos. «Name: too long.»");
    expect(sentenceOf(502, null)).toBe("El servidor contestó con el error 502.");
    languageChoice.set("en");
    expect(sentenceOf(403, { detail: "Your roles do not allow this." })).toBe("Your roles do not allow this.");
  });
});

it("writes queries without empty values", () => {
  expect(queryText({ a: "x y", b: ["1", "2"], c: null, d: "", e: [] })).toBe("?a=x+y&b=1&b=2");
  expect(queryText(undefined)).toBe("");
});
