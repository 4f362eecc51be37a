import { expect, it } from "vitest";
import { readMessage } from "./messages";

it("reads what has a type, and nothing else", () => {
  expect(readMessage('{"type":"pong"}')).toEqual({ type: "pong" });
  for (const text of ["", "{", "null", "7", '{"kind":"pong"}']) expect(readMessage(text)).toBeNull();
});
