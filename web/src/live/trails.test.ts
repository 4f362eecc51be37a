import { describe, expect, it } from "vitest";
import type { AnalysisResult } from "../socket/messages";
import { Trails } from "./trails";

const at = (second: number, x: number): AnalysisResult => ({
  type: "analysis-result",
  camera_id: "c",
  captured_at: new Date(second * 1000).toISOString(),
  frame: { width: 100, height: 100 },
  persons: [{ track_id: "1", box: [x, 0, x + 10, 20], score: 1, keypoints: [], labels: [] }],
});

describe("Trails", () => {
  it("follow the feet, forget after a while, and take a frame once", () => {
    const trails = new Trails();
    expect(trails.of(at(1, 0))).toEqual([]);
    trails.of(at(2, 10));
    expect(trails.of(at(2, 10))).toEqual([[[5, 20], [15, 20]]]);
    expect(trails.of(at(20, 50))).toEqual([]);
  });
});
