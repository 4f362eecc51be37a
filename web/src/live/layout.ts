/** Which cameras the grid shows, and in how many columns: kept in the page's address, so that a layout can be sent to a colleague. Pure. */
import type { Id } from "../api/types";

export interface Layout {
  /** Null: every camera, also those of tomorrow. */
  cameras: readonly Id[] | null;
  /** Null: as many as show the tiles large. */
  columns: number | null;
}

export interface NamedLayout extends Layout {
  name: string;
}

export const WHOLE: Layout = { cameras: null, columns: null };
export const MOST_COLUMNS = 8;

export function readLayout(params: URLSearchParams): Layout {
  const columns = Number(params.get("columns"));
  const cameras = (params.get("show") ?? "").split(",").filter(Boolean);
  return { cameras: cameras.length ? cameras : null, columns: Number.isInteger(columns) && columns >= 1 && columns <= MOST_COLUMNS ? columns : null };
}

export function writeLayout({ cameras, columns }: Layout): URLSearchParams {
  const params = new URLSearchParams();
  if (cameras?.length) params.set("show", cameras.join(","));
  if (columns) params.set("columns", String(columns));
  return params;
}

/** The cameras of a layout in its order; one that is gone is passed over, and a layout of which all are gone shows everything. */
export function shownIn<C extends { id: Id }>({ cameras }: Layout, all: readonly C[]): readonly C[] {
  const found = cameras?.flatMap((id) => all.find((camera) => camera.id === id) ?? []) ?? [];
  return found.length ? found : all;
}

export const same = (a: Layout, b: Layout): boolean => writeLayout(a).toString() === writeLayout(b).toString();

/** The saved ones with this one; the same name is replaced. */
export function withLayout(saved: readonly NamedLayout[], added: NamedLayout): NamedLayout[] {
  return [...saved.filter(({ name }) => name !== added.name), added].sort((a, b) => a.name.localeCompare(b.name));
}
