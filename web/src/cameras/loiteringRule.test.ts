import { expect, it } from "vitest";
import type { Rule } from "../api/types";
import { ruleFor } from "./loiteringRule";

function makeRule(id: string, cameraId: string | null, zoneId: string | null, kind = "loitering"): Rule {
  return { id, store_id: "s", camera_id: cameraId, zone_id: zoneId, kind, parameters: {}, enabled: true, cool_down_s: 30, opens_incident: false, created_at: "", updated_at: "" };
}

it("takes the most specific rule, and changes only one's own", () => {
  const rules = [makeRule("store", null, null), makeRule("camera", "c1", null), makeRule("zone", "c1", "z1"), makeRule("fall", "c2", null, "fall")];
  const ids = (camera: string, zone: string | null) => {
    const { own, effective } = ruleFor(rules, camera, zone);
    return [own?.id ?? null, effective?.id ?? null];
  };
  expect(ids("c1", "z1")).toEqual(["zone", "zone"]);
  expect(ids("c1", "z2")).toEqual([null, "camera"]);
  expect(ids("c1", null)).toEqual(["camera", "camera"]);
  expect(ids("c2", null)).toEqual([null, "store"]);
});
