import { humanise } from "../text/format";
import type { Setting } from "./endpoints";
import { Hours } from "./Hours";

export const nameOf = (setting: Setting) => humanise(setting.name.replace(/_(s|body_heights|body_heights_per_s|picture_heights)$/, ""));

/** One setting of a rule: its name, a sentence, and what it takes. */
export function Field({ setting, value, change }: { setting: Setting; value: unknown; change: (value: unknown) => void }) {
  const { name, type, unit, least, most, sentence, choices } = setting;
  const label = (
    <span>
      {nameOf(setting)} <small>{sentence}</small>
    </span>
  );
  if (type === "hours") return <Hours label={label} value={value} change={change} />;
  return (
    <label className="setting">
      {label}
      {type === "switch" && <input type="checkbox" checked={value === true} onChange={(event) => change(event.target.checked)} />}
      {type === "choice" && (
        <select value={String(value)} onChange={(event) => change(event.target.value)}>
          {choices.map((each) => (
            <option key={each} value={each}>
              {humanise(each)}
            </option>
          ))}
        </select>
      )}
      {(type === "number" || type === "whole") && (
        <span className="figure">
          <input type="number" required min={least ?? undefined} max={most ?? undefined} step={type === "whole" ? 1 : "any"} value={String(value)} data-testid={`set-${name}`} onChange={(event) => change(event.target.value === "" ? "" : Number(event.target.value))} /> {unit}
        </span>
      )}
    </label>
  );
}
