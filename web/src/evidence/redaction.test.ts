import { expect, it } from "vitest";
import { seenMost } from "./redaction";

it("offers whom the alert is about first, then who is seen most", () => {
  const frame = (at_ms: number, ...tracks: string[]) => ({ at_ms, persons: tracks.map((track) => [track, 0, 0, 1, 1]) }) as never;
  const frames = [frame(0, "1", "2"), frame(1, "2", "3"), frame(2, "2", "3")];
  expect(seenMost({ subjects: ["3"], frames }, 9)).toEqual(["3", "2", "1"]);
  expect(seenMost({ subjects: [], frames }, 1)).toEqual(["2"]);
});
