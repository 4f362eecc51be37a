import { Plus, X } from "lucide-react";
import type { ReactNode } from "react";
import { weekday } from "../text/format";
import { t } from "./texts";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MOST_SPANS = 14;
interface Span {
  start: string;
  end: string;
  days?: string[];
}

/** Spans of the store's clock; `never` says what none of them means. */
export function Hours({ label, value, change, never = t("always") }: { label: ReactNode; value: unknown; change: (value: unknown) => void; never?: string }) {
  const spans = Array.isArray(value) ? (value as Span[]) : [];
  const set = (index: number, span: Span) => change(spans.map((each, at) => (at === index ? span : each)));
  return (
    <div className="setting setting-hours" role="group" aria-label={t("hours")}>
      {label}
      <div>
        {spans.length === 0 && <small className="quiet">{never}</small>}
        {spans.map((span, index) => (
          <div key={index} className="span">
            <input type="time" required aria-label={t("from")} value={span.start} onChange={(event) => set(index, { ...span, start: event.target.value })} />
            <input type="time" required aria-label={t("to")} value={span.end} onChange={(event) => set(index, { ...span, end: event.target.value })} />
            <span className="rota-days">
              {DAYS.map((day) => {
                const on = (span.days ?? DAYS).includes(day);
                const days = DAYS.filter((each) => (each === day ? !on : (span.days ?? DAYS).includes(each)));
                return (
                  <button key={day} type="button" className="button button-small" aria-pressed={on} disabled={days.length === 0} onClick={() => set(index, { ...span, days })}>
                    {weekday(DAYS.indexOf(day) + 1)}
                  </button>
                );
              })}
            </span>
            <button type="button" className="icon-button" aria-label={t("removeTheseHours")} onClick={() => change(spans.filter((_, at) => at !== index))}>
              <X size={14} />
            </button>
          </div>
        ))}
        {spans.length < MOST_SPANS && (
          <button type="button" className="button button-small" onClick={() => change([...spans, { start: "22:00", end: "06:00" }])}>
            <Plus size={14} aria-hidden="true" />{" "}{t("hours")}
          </button>
        )}
      </div>
    </div>
  );
}
