/** What was seen at a moment between two analyses: video has more frames than are analysed. Plain state. */
import type { AnalysisResult, Box, Keypoint, Person } from "../../socket/messages";

const MOST = 64;
/** Between analyses further apart than this people are not guessed. */
const LONGEST_GAP_US = 1_000_000;
/** The last analysis holds this long when none follows: a drawing further from its picture than this is wrong, and none is better. */
const HOLD_US = 100_000;

export interface Seen {
  /** Whose moment is drawn: the frame's own between two analyses, else that of the last one. */
  atUs: number;
  analysis: AnalysisResult;
}

export class Analyses {
  private readonly list: { atUs: number; analysis: AnalysisResult }[] = [];

  add(atUs: number, analysis: AnalysisResult): void {
    let index = this.list.length;
    while (index > 0 && (this.list[index - 1]?.atUs ?? 0) > atUs) index -= 1;
    this.list.splice(index, 0, { atUs, analysis });
    if (this.list.length > MOST) this.list.shift();
  }

  /** Microseconds between the last two, null before there are two. */
  get stepUs(): number | null {
    const [before, last] = this.list.slice(-2);
    return before && last ? last.atUs - before.atUs : null;
  }

  at(atUs: number): Seen | null {
    let index = this.list.length - 1;
    while (index >= 0 && (this.list[index]?.atUs ?? 0) > atUs) index -= 1;
    const before = this.list[index];
    const after = this.list[index + 1];
    if (!before) return null;
    if (before.atUs === atUs || !after) return atUs - before.atUs <= HOLD_US ? before : null;
    const gap = after.atUs - before.atUs;
    if (gap > LONGEST_GAP_US) return atUs - before.atUs <= HOLD_US ? before : null;
    return { atUs, analysis: blend(before.analysis, after.analysis, (atUs - before.atUs) / gap) };
  }
}

/** People of both, moved `share` of the way; who is only in one of them is where they were, in the nearer half. */
export function blend(before: AnalysisResult, after: AnalysisResult, share: number): AnalysisResult {
  const later = new Map(after.persons.map((person) => [person.track_id, person]));
  const persons: Person[] = [];
  for (const person of before.persons) {
    const next = later.get(person.track_id);
    later.delete(person.track_id);
    if (next) persons.push({ ...person, box: mixBox(person.box, next.box, share), keypoints: mixKeypoints(person.keypoints, next.keypoints, share) });
    else if (share < 0.5) persons.push(person);
  }
  if (share >= 0.5) persons.push(...later.values());
  return { ...before, persons };
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function mixBox(a: Box, b: Box, share: number): Box {
  return [mix(a[0], b[0], share), mix(a[1], b[1], share), mix(a[2], b[2], share), mix(a[3], b[3], share)];
}

function mixKeypoints(a: readonly Keypoint[], b: readonly Keypoint[], share: number): Keypoint[] {
  return a.map((from, index) => {
    const to = b[index];
    return to ? [mix(from[0], to[0], share), mix(from[1], to[1], share), Math.min(from[2], to[2])] : from;
  });
}
