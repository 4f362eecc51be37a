import { useState, type FormEvent } from "react";
import { addRule, changeRule, ruleKinds as loadKinds, rules as loadRules } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { Camera, Parameters, Rule, Zone } from "../api/types";
import { Failure } from "../shell/Empty";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { ruleFor, type LoiteringValues } from "./loiteringRule";
import { t } from "./texts";

/** The loitering rule of a camera and of each of its zones, as sentences with figures to change. */
export function Loitering({ camera, zones }: { camera: Camera; zones: readonly Zone[] }) {
  const { may } = usePlace();
  const rules = useLoad(may("rules:read") ? `rules ${camera.store_id}` : null, () => loadRules(camera.store_id));
  const kinds = useLoad(may("rules:read") ? "kinds" : null, loadKinds);
  if (!may("rules:read")) return null;
  for (const { error, value, reload } of [rules, kinds]) if (error && !value) return <Failure sentence={error} retry={reload} />;
  const known = rules.value;
  const defaults = kinds.value?.find(({ kind }) => kind === "loitering")?.defaults;
  if (!known || !defaults) return null;
  const saved = (rule: Rule) => rules.change((old) => [...old.filter(({ id }) => id !== rule.id), rule]);
  const watched = zones.filter(({ kind }) => kind === "loitering");
  return (
    <section className="panel" aria-label={t("loitering")}>
      <h2>{t("loitering")}</h2>
      {watched.map((zone) => (
        <RuleForm key={zone.id} camera={camera} zone={zone} zones={watched.length} rules={known} defaults={defaults as unknown as LoiteringValues} onSaved={saved} />
      ))}
      <RuleForm camera={camera} zone={null} zones={watched.length} rules={known} defaults={defaults as unknown as LoiteringValues} onSaved={saved} />
    </section>
  );
}

interface FormProps {
  camera: Camera;
  /** null: the whole picture. */
  zone: Zone | null;
  /** How many zones have a form of their own. */
  zones: number;
  rules: readonly Rule[];
  defaults: LoiteringValues;
  onSaved: (rule: Rule) => void;
}

function RuleForm({ camera, zone, zones, rules, defaults, onSaved }: FormProps) {
  const { may } = usePlace();
  const { own, effective } = ruleFor(rules, camera.id, zone?.id ?? null);
  const values: LoiteringValues = { ...defaults, ...effective?.parameters };
  const [draft, setDraft] = useState<Parameters>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const now = { ...values, ...draft };
  const enabled = effective?.enabled ?? true;
  // Zones without a rule of their own follow the camera's, so "not outside zones" is a parameter, not a switched off rule.
  const on = zone ? enabled : enabled && values.spot;
  const turn = (to: boolean) => (zone ? save(draft, to) : save({ ...draft, spot: to }, to || enabled));

  const save = async (parameters: Parameters, on: boolean) => {
    setBusy(true);
    setError(null);
    try {
      onSaved(
        own
          ? await changeRule(own.id, { parameters: { ...own.parameters, ...parameters }, enabled: on })
          : await addRule({
              store_id: camera.store_id,
              camera_id: camera.id,
              zone_id: zone?.id ?? null,
              kind: "loitering",
              parameters: { ...effective?.parameters, ...parameters },
              enabled: on,
            }),
      );
      setDraft({});
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  const figure = (key: keyof LoiteringValues, least: number, most: number, step: number, label: string) => (
    <input
      type="number"
      aria-label={label}
      min={least}
      max={most}
      step={step}
      required
      value={String(now[key])}
      onChange={(event) => setDraft({ ...draft, [key]: event.target.value === "" ? "" : Number(event.target.value) })}
    />
  );
  return (
    <form className="rule" onSubmit={(event: FormEvent) => (event.preventDefault(), void save(draft, enabled))}>
      <fieldset disabled={!may("rules:write")}>
      <div className="rule-head">
        <h3>{zone ? zone.name : zones > 0 ? t("outsideTheZones") : t("anywhereInThePicture")}</h3>
        <label className="toggle">
          <input type="checkbox" checked={on} disabled={busy} onChange={(event) => void turn(event.target.checked)} />
          <span>{on ? t("on") : t("off")}</span>
        </label>
      </div>
      <p className="rule-words">
        {zone ? (
          <>{t("alertWhenSomeoneStaysInThis")}{" "}{figure("zone_dwell_s", 1, 86_400, 1, t("secondsInTheZone"))}{" "}{t("seconds")}</>
        ) : (
          <>
            {t("alertWhenSomeoneStaysWithin")}{" "}{figure("spot_radius", 0.1, 20, 0.1, t("radiusInBodyHeights"))}{" "}{t("bodyHeightsOfOnePlaceFor")}
            {figure("spot_dwell_s", 1, 86_400, 1, t("secondsInOnePlace"))}{" "}{t("seconds")}
          </>
        )}{" "}{t("upTo")}{" "}{figure("gap_s", 0, 30, 1, t("secondsOutOfSight"))}{" "}{t("secondsOutOfSightStillCount")}
      </p>
      <label className="rule-threat">
        {t("threat")}
        <select value={String(now.threat)} onChange={(event) => setDraft({ ...draft, threat: event.target.value })}>
          <option value="low">{t("low")}</option>
          <option value="medium">{t("medium")}</option>
          <option value="high">{t("high")}</option>
        </select>
      </label>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      {Object.keys(draft).length > 0 && (
        <div className="form-actions">
          <button type="submit" className="button button-primary" disabled={busy}>
            {busy ? t("saving") : t("save")}
          </button>
          <button type="button" className="button button-quiet" onClick={() => setDraft({})}>
            {t("undo")}
          </button>
        </div>
      )}
      </fieldset>
    </form>
  );
}
