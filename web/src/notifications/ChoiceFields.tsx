import type { Threat } from "../api/types";
import { usePlace } from "../shell/stores";
import { THREAT_WORDS } from "../text/format";
import type { Choices } from "./endpoints";
import { TOLD, toldOf } from "./words";
import { t } from "./texts";

const THREATS = ["low", "medium", "high"] as const satisfies readonly Threat[];

/** Of what, from which threat on, at which hours, how often. */
export function ChoiceFields({ value, change }: { value: Choices; change: (value: Choices) => void }) {
  const { store } = usePlace();
  const quiet = value.quiet;
  const hours = { starts: "22:00", ends: "06:00", timezone: store.timezone, threat: "high" as Threat | null };
  return (
    <>
      <fieldset className="choices">
        <legend>{t("toldOf")}</legend>
        {TOLD.map(({ of, words, why }) => (
          <label className="choice" key={of[0]}>
            <input
              type="checkbox"
              checked={of.some((each) => value.occasions.includes(each))}
              data-testid={`channel-told-${of[0]}`}
              onChange={({ target }) => {
                const occasions = toldOf(value.occasions, of, target.checked);
                if (occasions.length > 0) change({ ...value, occasions });
              }}
            />
            <span>
              {words()}
              {why && <small> ({why()})</small>}
            </span>
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{t("threatFrom")}</span>
        <select value={value.lowest_threat} data-testid="channel-threat" onChange={(event) => change({ ...value, lowest_threat: event.target.value as Threat })}>
          {THREATS.map((each) => (
            <option key={each} value={each}>
              {THREAT_WORDS[each]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("atMostAnHour2")}</span>
        <input type="number" min={1} max={1000} placeholder={t("noLimit")} value={value.most_per_hour ?? ""} onChange={(event) => change({ ...value, most_per_hour: event.target.value ? Number(event.target.value) : null })} />
      </label>
      <label className="choice">
        <input type="checkbox" checked={quiet !== null} data-testid="channel-quiet" onChange={(event) => change({ ...value, quiet: event.target.checked ? hours : null })} />
        <span>{t("quietHours")}</span>
      </label>
      {quiet && (
        <>
          <label className="field">
            <span>{t("from")}</span>
            <input type="time" required value={quiet.starts.slice(0, 5)} onChange={(event) => change({ ...value, quiet: { ...quiet, starts: event.target.value } })} />
          </label>
          <label className="field">
            <span>{t("to")}</span>
            <input type="time" required value={quiet.ends.slice(0, 5)} onChange={(event) => change({ ...value, quiet: { ...quiet, ends: event.target.value } })} />
          </label>
          <label className="field">
            <span>{t("whatComesThrough")}</span>
            <select value={quiet.threat ?? "none"} onChange={(event) => change({ ...value, quiet: { ...quiet, threat: event.target.value === "none" ? null : (event.target.value as Threat) } })}>
              <option value="high">{t("highThreat")}</option>
              <option value="medium">{t("mediumThreatAndAbove")}</option>
              <option value="none">{t("nothing")}</option>
            </select>
          </label>
        </>
      )}
    </>
  );
}
