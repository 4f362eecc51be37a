import { useState, type ReactNode } from "react";
import { t } from "./texts";

type Tone = "good" | "ending" | "bad" | "plain";

export interface OpenRow {
  id: string;
  title: string;
  /** What is due, and how it looks. */
  due: readonly [words: string, tone: Tone];
  note: ReactNode;
  /** What its file shows, when it is opened. */
  file: () => ReactNode;
}

/** Rows of which one at a time is open. */
export function OpenRows({ rows, testId, rowTestId }: { rows: readonly OpenRow[]; testId: string; rowTestId: string }) {
  const [open, setOpen] = useState<string | null>(null);
  if (rows.length === 0) return null;
  return (
    <ul className="rows" data-testid={testId}>
      {rows.map(({ id, title, due: [words, tone], note, file }) => (
        <li key={id} className="channel-row" data-testid={rowTestId}>
          <div>
            <strong>{title}</strong>{" "}
            <span className="tag" data-state={tone}>
              {words}
            </span>
            <small>{note}</small>
          </div>
          <button type="button" className="button button-small" aria-expanded={open === id} data-testid={`${rowTestId}-open`} onClick={() => setOpen(open === id ? null : id)}>
            {open === id ? t("close") : t("open")}
          </button>
          {open === id && file()}
        </li>
      ))}
    </ul>
  );
}
