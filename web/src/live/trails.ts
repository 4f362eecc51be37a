/** Where people walked lately: the middle of each box's lower edge, by track. */
import type { AnalysisResult } from "../socket/messages";
import { microseconds } from "./pairing";

const LAST_US = 8_000_000;
const MOST_POINTS = 60;

type Spot = readonly [x: number, y: number];

export class Trails {
  private readonly tracks = new Map<string, { atUs: number; spot: Spot }[]>();
  private lastUs = -Infinity;

  /** The trails of the people in `analysis`, each ending where they are; frames may be given again. */
  of(analysis: AnalysisResult): Spot[][] {
    const atUs = microseconds(analysis.captured_at);
    if (atUs > this.lastUs) this.note(atUs, analysis);
    else if (atUs < this.lastUs - LAST_US) this.tracks.clear(); // the camera's clock was set back
    return analysis.persons.flatMap(({ track_id }) => {
      const spots = this.tracks.get(track_id);
      return spots && spots.length > 1 ? [spots.map(({ spot }) => spot)] : [];
    });
  }

  private note(atUs: number, { persons }: AnalysisResult): void {
    this.lastUs = atUs;
    for (const { track_id, box } of persons) {
      const spots = this.tracks.get(track_id) ?? [];
      spots.push({ atUs, spot: [(box[0] + box[2]) / 2, box[3]] });
      if (spots.length > MOST_POINTS) spots.shift();
      this.tracks.set(track_id, spots);
    }
    for (const [track, spots] of this.tracks) {
      const lately = spots.filter((each) => each.atUs >= atUs - LAST_US);
      if (lately.length > 0) this.tracks.set(track, lately);
      else this.tracks.delete(track);
    }
  }
}

const byCamera = new Map<string, Trails>();

export function trailsOf(cameraId: string): Trails {
  let found = byCamera.get(cameraId);
  if (!found) byCamera.set(cameraId, (found = new Trails()));
  return found;
}
