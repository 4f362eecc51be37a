/** Which cameras the grid shows, and in how many columns: kept in the page's address, so that a layout can be sent to a colleague. Pure. */
import type { Id } from "../api/types";

export interface Layout {
  /** Null: every camera, also those of tomorrow. */
  cameras: readonly Id[] | null;
  /** Null: as many as show the tiles large. */
  columns: number | null;
  /** How many of the first cameras move; the others are stills. Null: by their number. */
  large: number | null;
}

export interface NamedLayout extends Layout {
  name: string;
}

export const WHOLE: Layout = { cameras: null, columns: null, large: null };
export const MOST_COLUMNS = 8;
/** What one picture connection serves. */
export const MOST_SHOWN = 64;
/** More cameras than these do not all move: some do, and thumbnails show the others. */
const MOST_MOVING = 9;
const MOVING_OF_MANY = 4;

export function readLayout(params: URLSearchParams): Layout {
  const columns = Number(params.get("columns"));
  const cameras = (params.get("show") ?? "").split(",").filter(Boolean);
  const large = Number(params.get("large") ?? NaN);
  return {
    cameras: cameras.length ? cameras : null,
    columns: Number.isInteger(columns) && columns >= 1 && columns <= MOST_COLUMNS ? columns : null,
    large: Number.isInteger(large) && large >= 0 && large <= MOST_SHOWN ? large : null,
  };
}

export function writeLayout({ cameras, columns, large }: Layout): URLSearchParams {
  const params = new URLSearchParams();
  if (cameras?.length) params.set("show", cameras.join(","));
  if (columns) params.set("columns", String(columns));
  if (large !== null) params.set("large", String(large));
  return params;
}

/** The cameras of a layout in its order; one that is gone is passed over, and a layout of which all are gone shows everything. */
export function shownIn<C extends { id: Id }>({ cameras }: Layout, all: readonly C[]): readonly C[] {
  const found = cameras?.flatMap((id) => all.find((camera) => camera.id === id) ?? []) ?? [];
  return found.length ? found : all;
}

export const same = (a: Layout, b: Layout): boolean => writeLayout(a).toString() === writeLayout(b).toString();

export interface Divided<C> {
  moving: readonly C[];
  stills: readonly C[];
  /** Cameras that the page does not show: a layout chooses among them. */
  left: number;
}

/** Which cameras move and which are thumbnails. */
export function divided<C>(large: number | null, cameras: readonly C[]): Divided<C> {
  const shown = cameras.slice(0, MOST_SHOWN);
  const moving = large ?? (shown.length > MOST_MOVING ? MOVING_OF_MANY : shown.length);
  return { moving: shown.slice(0, moving), stills: shown.slice(moving), left: cameras.length - shown.length };
}
