import { describe, expect, it } from "vitest";
import type { Lead } from "../watchlist/endpoints";
import { byTrack, verdictSentence } from "./Walk";

const gait = (verdict: string, reason = "", searched = 3) => ({ verdict, reason, searched }) as unknown as NonNullable<Lead["gait"]>;

describe("what the walk says of a lead", () => {
  it("is one sentence that names nobody, with the reason where it says nothing", () => {
    expect(verdictSentence(gait("supports"))).toContain("2");
    expect(verdictSentence(gait("supports", "", 1))).not.toContain("0");
    expect(verdictSentence(gait("unknown", "below the threshold"))).toContain("not alike enough");
    expect(verdictSentence(gait("no-result", "too few frames"))).toContain("too few frames");
    expect(verdictSentence(gait("unknown", "a reason of tomorrow"))).toContain("a reason of tomorrow");
  });
  it("puts the supported lead of one moment first, and moves no other", () => {
    const lead = (id: string, at: string, verdict?: string) => ({ id, camera_id: "c", captured_at: at, gait: verdict ? gait(verdict) : null }) as unknown as Lead;
    const given = [lead("a", "3"), lead("b", "2"), lead("c", "2", "supports"), lead("d", "1", "supports"), lead("e", "0")];
    expect(byTrack(given).map(({ id }) => id)).toEqual(["a", "c", "b", "d", "e"]);
  });
});
