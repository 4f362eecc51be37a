/** Where in a recording somebody was, and what a piece's state means. Pure. */
import type { Piece, Seen } from "./endpoints";
import { t } from "./texts";

export type Box = Seen["persons"][number];

/** Boxes between two analysed frames are drawn on the way from one to the next; nobody is drawn across a longer gap. */
const LONGEST_GAP_MS = 2_500;

/** The boxes at `atMs` after the first picture. */
export function boxesAt(frames: readonly Seen[], atMs: number): Box[] {
  let after = frames.findIndex((frame) => frame.at_ms > atMs);
  if (after === -1) after = frames.length;
  const before = frames[after - 1];
  const next = frames[after];
  if (!before) return [];
  if (!next || next.at_ms - before.at_ms > LONGEST_GAP_MS) return atMs - before.at_ms <= LONGEST_GAP_MS / 2 ? before.persons : [];
  const share = (atMs - before.at_ms) / (next.at_ms - before.at_ms);
  return before.persons.map((box) => {
    const then = next.persons.find(([id]) => id === box[0]);
    if (!then) return box;
    const at = (index: 1 | 2 | 3 | 4) => box[index] + (then[index] - box[index]) * share;
    return [box[0], at(1), at(2), at(3), at(4)];
  });
}

/** The moment's place in the recording, 0..1. */
export function momentShare(piece: Pick<Piece, "moment" | "recorded_from" | "recorded_to">): number | null {
  if (!piece.recorded_from || !piece.recorded_to) return null;
  const begins = Date.parse(piece.recorded_from);
  const ends = Date.parse(piece.recorded_to);
  const share = (Date.parse(piece.moment) - begins) / (ends - begins);
  return share >= 0 && share <= 1 ? share : null;
}

/** The boxes of the moment: of a still, those of the sighting nearest to it. */
export function boxesOfMoment(piece: Pick<Piece, "media_type" | "moment" | "recorded_from">, frames: readonly Seen[]): Box[] {
  if (piece.media_type === "image/jpeg") return frames.reduce<Seen | null>((best, each) => (best && Math.abs(best.at_ms) <= Math.abs(each.at_ms) ? best : each), null)?.persons ?? [];
  return piece.recorded_from ? boxesAt(frames, Date.parse(piece.moment) - Date.parse(piece.recorded_from)) : [];
}

/** Browsers stop at a picture that does not decode. Pictures are whole again from the next key picture on, which is looked for in steps so long. */
const BEHIND_DAMAGE_S = 1;

/** Where a recording of `lengthS` is tried again after it broke at `atS`; null where nothing is left. `lastTryS`: where it was tried before. */
export function behindDamage(atS: number, lastTryS: number | null, lengthS: number): number | null {
  const next = Math.max(atS, lastTryS ?? 0) + BEHIND_DAMAGE_S;
  return next < lengthS ? next : null;
}

const STATES: Record<Piece["state"], string> = {
  get wanted() { return t("waitingForTheWorker"); },
  get recording() { return t("recording"); },
  get uploading() { return t("beingStored"); },
  get present() { return t("stored"); },
  get lost() { return t("lost"); },
  get deleted() { return t("deleted"); },
};

/** One sentence about where a piece stands. */
export function standing(piece: Pick<Piece, "state" | "reason" | "wanted_to" | "locked_at_store">, now: number): string {
  if (piece.state === "recording" && Date.parse(piece.wanted_to) > now) {
    return t("recordingSToGo", { wantedTo: Math.ceil((Date.parse(piece.wanted_to) - now) / 1000) });
  }
  const state = piece.locked_at_store ? t("lockedWhereStored") : STATES[piece.state];
  return piece.reason ? `${state}: ${piece.reason}` : state;
}

export const isUnderWay = ({ state }: Pick<Piece, "state">) => state === "wanted" || state === "recording" || state === "uploading";
