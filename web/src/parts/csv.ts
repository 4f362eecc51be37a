/** Tables as files that spreadsheets open. */
import { saveAs } from "./save";

export type Cell = string | number | null;

/** RFC 4180. What a spreadsheet would take for a formula is made text by an apostrophe. */
export function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => row.map(field).join(",") + "\r\n").join("");
}

function field(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Saves it; the mark at the beginning tells spreadsheets that it is UTF-8. */
export function saveCsv(name: string, rows: readonly (readonly Cell[])[]): void {
  saveAs(new Blob(["\ufeff", csv(rows)], { type: "text/csv;charset=utf-8" }), name);
}
