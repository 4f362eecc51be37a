import { Plus, X } from "lucide-react";
import type { Parameters } from "../api/types";
import type { Setting } from "./endpoints";
import { Field, nameOf } from "./Field";
import { Hours } from "./Hours";
import { t } from "./texts";

const MOST = 8;
interface Otherwise {
  hours: unknown[];
  parameters: Parameters;
}

interface Props {
  setting: Setting;
  settings: readonly Setting[];
  /** What holds at all other hours. */
  usual: Parameters;
  value: unknown;
  change: (value: Otherwise[]) => void;
}

/** Other values of a rule's settings in some hours, by the store's clock. */
export function OtherHours({ setting, settings, usual, value, change }: Props) {
  const all = Array.isArray(value) ? (value as Otherwise[]) : [];
  const set = (index: number, changed: Otherwise) => change(all.map((each, at) => (at === index ? changed : each)));
  const settable = settings.filter(({ type }) => type !== "hours" && type !== "otherwise");
  return (
    <div className="setting-otherwise" role="group" aria-label={t("otherHours")}>
      <span>
        {t("otherValuesAtOtherHours")}{" "}<small>{setting.sentence}</small>
      </span>
      {all.map((each, index) => (
        <div key={index} className="otherwise">
          <Hours label={<span>{t("inTheseHours")}</span>} value={each.hours} change={(hours) => set(index, { ...each, hours: hours as unknown[] })} never="Never: give it hours." />
          {settable
            .filter(({ name }) => name in each.parameters)
            .map((one) => (
              <Field key={one.name} setting={one} value={each.parameters[one.name]} change={(given) => set(index, { ...each, parameters: { ...each.parameters, [one.name]: given } })} />
            ))}
          <div className="form-actions">
            <select aria-label={t("setOtherwise")} value="" onChange={(event) => set(index, { ...each, parameters: { ...each.parameters, [event.target.value]: usual[event.target.value] } })}>
              <option value="">{t("setOtherwise2")}</option>
              {settable
                .filter(({ name }) => !(name in each.parameters))
                .map((one) => (
                  <option key={one.name} value={one.name}>
                    {nameOf(one)}
                  </option>
                ))}
            </select>
            <button type="button" className="button button-small button-quiet" onClick={() => change(all.filter((_, at) => at !== index))}>
              <X size={14} aria-hidden="true" />{" "}{t("remove")}
            </button>
          </div>
        </div>
      ))}
      {all.length < MOST && (
        <button type="button" className="button button-small" data-testid="other-hours" onClick={() => change([...all, { hours: [{ start: "22:00", end: "06:00" }], parameters: {} }])}>
          <Plus size={14} aria-hidden="true" />{" "}{t("otherHours")}
        </button>
      )}
    </div>
  );
}
