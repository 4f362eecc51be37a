import { Download } from "lucide-react";
import { saveCsv, type Cell } from "./csv";
import { t } from "./texts";

/** Saves what a table shows. */
export function SaveCsv({ name, rows, testId }: { name: string; rows: () => readonly (readonly Cell[])[]; testId?: string }) {
  return (
    <button type="button" className="button button-small button-quiet" onClick={() => saveCsv(`${name}.csv`, rows())} data-testid={testId}>
      <Download size={14} aria-hidden="true" /> CSV<span className="visually-hidden">: {t("saveTable", { name })}</span>
    </button>
  );
}
