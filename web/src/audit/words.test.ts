import { expect, it } from "vitest";
import { ACTS } from "../api/acts";
import { done, told } from "./words";

it("an act reads as a sentence", () => {
  expect(done("camera-created")).toBe("created camera");
  expect(done("sign-photo-added")).toBe("added sign photo");
  expect(done("live-view")).toBe("watched live");
});

it("no act begins with a word that belongs at its end", () => {
  expect(ACTS.filter((act) => /^(for|again|back|off|in|out)\b/.test(done(act)))).toEqual([]);
});

it("details read as facts", () => {
  expect(told({ switches: ["face", "gait"], second_factor: false, roles: { from: [], to: ["viewer"] }, reason: "" })).toEqual([
    ["Switches", "face, gait"],
    ["Second factor", "no"],
    ["Roles", "from –, to viewer"],
    ["Reason", "–"],
  ]);
});
