import { expect, it } from "vitest";
import { done } from "./words";

it("an act reads as a sentence", () => {
  expect(done("camera-created")).toBe("created camera");
  expect(done("sign-photo-added")).toBe("added sign photo");
  expect(done("live-view")).toBe("watched live");
});
