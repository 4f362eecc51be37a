import { describe, expect, it } from "vitest";
import { readFilter, writeFilter, type Filter } from "./filter";

describe("the filter in the address", () => {
  it.each<Filter>([
    { shown: "open", cameraId: null, kind: null, threat: null },
    { shown: "resolved", cameraId: "c1", kind: "loitering", threat: "high" },
    { shown: "all", cameraId: null, kind: "fall", threat: null },
  ])("survives the way there and back: %j", (filter) => expect(readFilter(writeFilter(filter))).toEqual(filter));

  it("is short for the usual case, and takes nonsense for it", () => {
    expect(writeFilter(readFilter(new URLSearchParams("state=bogus"))).toString()).toBe("");
    expect(readFilter(new URLSearchParams("state=toString")).shown).toBe("open");
  });
});
