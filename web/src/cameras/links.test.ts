import { expect, it } from "vitest";
import { waysFrom, type CameraLink } from "./links";

const link: CameraLink = { id: "l", store_id: "s", camera_a: "door", camera_b: "till", zone_a: "exit", zone_b: null, metres: 4, created_at: "", used: true };

it("a way is seen from either of its cameras, each zone on its own side", () => {
  expect(waysFrom("door", [link])).toEqual([{ link, to: "till", here: "exit", there: null }]);
  expect(waysFrom("till", [link])).toEqual([{ link, to: "door", here: null, there: "exit" }]);
  expect(waysFrom("aisle", [link])).toEqual([]);
});
