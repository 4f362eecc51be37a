import { expect, it } from "vitest";
import { ofAlert } from "./visits";

const sighting = { camera_id: "door", epoch: 2, track_id: "9223372036854775813", started_at: "", ended_at: "", rivals: 0 };

it("a sighting is of an alert only by camera, epoch and track together", () => {
  const alert = { camera_id: "door", epoch: 2, track_ids: ["5", "9223372036854775813"] };
  expect(ofAlert(sighting, [alert])).toBe(true);
  expect(ofAlert(sighting, [{ ...alert, camera_id: "till" }, { ...alert, epoch: 3 }, { ...alert, track_ids: ["5"] }])).toBe(false);
  expect(ofAlert(sighting, [])).toBe(false);
});
