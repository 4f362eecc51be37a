import { useState, type FormEvent } from "react";
import { addRule, changeRule, ruleKinds as loadKinds, rules as loadRules } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { Camera, Parameters, Rule, Zone } from "../api/types";
import { Failure } from "../shell/Empty";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { ruleFor, type LoiteringValues } from "./loiteringRule";

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
    <section className="panel" aria-label="Loitering">
      <h2>Loitering</h2>
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
        <h3>{zone ? zone.name : zones > 0 ? "Outside the zones" : "Anywhere in the picture"}</h3>
        <label className="toggle">
          <input type="checkbox" checked={on} disabled={busy} onChange={(event) => void turn(event.target.checked)} />
          <span>{on ? "On" : "Off"}</span>
        </label>
      </div>
      <p className="rule-words">
        {zone ? (
          <>Alert when someone stays in this zone for more than {figure("zone_dwell_s", 1, 86_400, 1, "Seconds in the zone")} seconds.</>
        ) : (
          <>
            Alert when someone stays within {figure("spot_radius", 0.1, 20, 0.1, "Radius in body heights")} body heights of one place for more than{" "}
            {figure("spot_dwell_s", 1, 86_400, 1, "Seconds in one place")} seconds.
          </>
        )}{" "}
        Up to {figure("gap_s", 0, 30, 1, "Seconds out of sight")} seconds out of sight still count as staying.
      </p>
      <label className="rule-threat">
        Threat{" "}
        <select value={String(now.threat)} onChange={(event) => setDraft({ ...draft, threat: event.target.value })}>
          <option value="low">Low</option>
          <option value="medium">Medium</option>
          <option value="high">High</option>
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
            {busy ? "Saving…" : "Save"}
          </button>
          <button type="button" className="button button-quiet" onClick={() => setDraft({})}>
            Undo
          </button>
        </div>
      )}
      </fieldset>
    </form>
  );
}
