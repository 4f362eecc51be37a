import { expect, it } from "vitest";
import { csv } from "./csv";

it("quotes what would break a row, and makes formulas text", () => {
  expect(csv([["Camera", "Up", "Note"], ["Till, \"left\"", 0.5, null], ["=1+1", -2, "two\nlines"]])).toBe('Camera,Up,Note\r\n"Till, ""left""",0.5,\r\n\'=1+1,-2,"two\nlines"\r\n');
});
