import { describe, expect, it } from "vitest";
import type { AnalysisResult, Person } from "../../socket/messages";
import { Analyses } from "./between";

const person = (track_id: string, x: number): Person => ({ track_id, box: [x, 0, x + 10, 10], score: 1, keypoints: [[x, 5, 0.9]], labels: [] });
const analysis = (...persons: Person[]): AnalysisResult => ({ type: "analysis-result", camera_id: "c", captured_at: "", frame: { width: 100, height: 100 }, persons });

function two(): Analyses {
  const analyses = new Analyses();
  analyses.add(200_000, analysis(person("1", 20), person("3", 50)));
  analyses.add(0, analysis(person("1", 0), person("2", 90)));
  return analyses;
}

describe("Analyses", () => {
  it("moves who is in both, and shows who comes or goes in the nearer half", () => {
    const early = two().at(50_000);
    expect(early?.atUs).toBe(50_000);
    expect(early?.analysis.persons.map((each) => [each.track_id, each.box[0]])).toEqual([["1", 5], ["2", 90]]);
    expect(two().at(150_000)?.analysis.persons.map((each) => [each.track_id, each.box[0], each.keypoints[0]?.[0]])).toEqual([["1", 15, 15], ["3", 50, 50]]);
  });

  it("holds the last for a moment and guesses nothing across a gap", () => {
    const analyses = two();
    expect(analyses.at(200_000)?.atUs).toBe(200_000);
    expect(analyses.at(300_000)?.atUs).toBe(200_000);
    expect(analyses.at(300_001)).toBeNull();
    expect(analyses.at(-1)).toBeNull();
    analyses.add(5_000_000, analysis());
    expect(analyses.at(2_000_000)).toBeNull();
    expect(analyses.stepUs).toBe(4_800_000);
  });
});
