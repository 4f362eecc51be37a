import { useState, type FormEvent } from "react";
import type { Parameters, Rule, RuleKind } from "../api/types";
import { Problem, useAct } from "../security/parts";
import { usePlace } from "../shell/stores";
import { kindName } from "../text/kinds";
import { removeRule, saveRule, type RuleDraft } from "./endpoints";
import { Field } from "./Field";
import { OtherHours } from "./OtherHours";
import { Replayed } from "./Replayed";
import { t } from "./texts";

interface Props {
  kind: RuleKind;
  /** The setting of exactly this place. */
  own: Rule | undefined;
  /** The setting that holds here. */
  followed: Rule | undefined;
  cameraId: string | null;
  zoneId: string | null;
  reload: () => void;
}

/** Every setting of a rule at one place, as a sentence with a figure; tried on the last days before it is saved. */
export function RuleForm({ kind, own, followed, cameraId, zoneId, reload }: Props) {
  const { store, may } = usePlace();
  const { busy, error, run } = useAct();
  const [values, setValues] = useState<Parameters>({ ...kind.defaults, ...followed?.parameters });
  const [enabled, setEnabled] = useState(followed?.enabled ?? true);
  const [coolDown, setCoolDown] = useState(followed?.cool_down_s ?? 30);
  const [opens, setOpens] = useState(followed?.opens_incident ?? false);
  const draft: RuleDraft = { kind: kind.kind, store_id: store.id, camera_id: cameraId, zone_id: zoneId, parameters: values, enabled, cool_down_s: coolDown, opens_incident: opens };
  const save = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => saveRule(own, draft).then(reload));
  };
  const set = (name: string, value: unknown) => setValues({ ...values, [name]: value });
  return (
    <form onSubmit={save} aria-label={kindName(kind.kind)}>
      <fieldset disabled={!may("rules:write")} className="settings">
        <label className="toggle">
          <input type="checkbox" checked={enabled} onChange={(event) => setEnabled(event.target.checked)} data-testid="rule-enabled" />
          <span>{enabled ? t("on") : t("off")}</span>
        </label>
        {kind.settings.map((each) =>
          each.type === "otherwise" ? (
            <OtherHours key={each.name} setting={each} settings={kind.settings} usual={values} value={values[each.name]} change={(value) => set(each.name, value)} />
          ) : (
            <Field key={each.name} setting={each} value={values[each.name]} change={(value) => set(each.name, value)} />
          ),
        )}
        <label className="setting">
          <span>
            {t("coolDown")}{" "}<small>{t("whatBeginsSoSoonAfterThe")}</small>
          </span>
          <span className="figure">
            <input type="number" min={0} max={86400} value={coolDown} onChange={(event) => setCoolDown(Number(event.target.value))} /> s
          </span>
        </label>
        <label className="setting">
          <span>
            {t("opensAnIncident")}{" "}<small>{t("eachAlertJoinsACaseWhat")}</small>
          </span>
          <input type="checkbox" checked={opens} onChange={(event) => setOpens(event.target.checked)} data-testid="rule-opens" />
        </label>
      </fieldset>
      <Problem sentence={error} />
      {may("rules:write") && (
        <div className="form-actions">
          <button type="submit" className="button button-primary" disabled={busy} data-testid="rule-save">
            {own ? t("save") : t("setItHere")}
          </button>
          {own && (
            <button type="button" className="button button-quiet" disabled={busy} onClick={() => void run(async () => removeRule(own.id).then(reload))}>
              {t("removeThisSetting")}
            </button>
          )}
        </div>
      )}
      {may("rules:write") && !kind.kind.startsWith("camera-") && <Replayed draft={draft} />}
    </form>
  );
}
