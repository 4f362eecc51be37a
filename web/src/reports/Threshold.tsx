import { useState } from "react";
import { Link } from "react-router";
import { rules as loadRules } from "../api/endpoints";
import { saveRule } from "../rules/endpoints";
import { Problem, useAct } from "../security/parts";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { humanise } from "../text/format";
import { kindName } from "../text/kinds";
import { threshold, type Outcomes } from "./endpoints";
import { t } from "./texts";

const TARGETS = [0.7, 0.8, 0.9, 0.95];

/** The threshold that would have met a target; a person applies it, with the audit as witness. */
export function Threshold({ row, since }: { row: Outcomes; since: string }) {
  const { store, may } = usePlace();
  const [target, setTarget] = useState(0.9);
  const [applied, setApplied] = useState(false);
  const { busy, error, run } = useAct();
  const asked = { kind: row.kind, store_id: row.store_id ?? store.id, camera_id: row.camera_id, target, since };
  const found = useLoad(JSON.stringify(asked), () => threshold(asked));
  const best = found.value;
  const apply = () =>
    run(async () => {
      if (best?.suggested == null) return;
      const all = await loadRules(asked.store_id);
      const at = (camera: string | null) => all.find((each) => each.kind === row.kind && each.camera_id === camera && each.zone_id === null);
      const own = at(row.camera_id);
      const followed = own ?? at(null);
      await saveRule(own, {
        kind: row.kind,
        store_id: asked.store_id,
        camera_id: row.camera_id,
        zone_id: null,
        parameters: { ...followed?.parameters, [best.parameter]: best.suggested },
        enabled: followed?.enabled ?? true,
        cool_down_s: followed?.cool_down_s ?? 30,
        opens_incident: followed?.opens_incident ?? false,
      });
      setApplied(true);
    });
  return (
    <div className="suggestion" data-testid="suggestion">
      <h3>{t("whatAHigherThresholdWouldHave", { kind: kindName(row.kind) })}</h3>
      <label>
        {t("wantedPrecision")}
        <select value={target} onChange={(event) => (setTarget(Number(event.target.value)), setApplied(false))}>
          {TARGETS.map((each) => (
            <option key={each} value={each}>
              {Math.round(each * 100)} %
            </option>
          ))}
        </select>
      </label>
      <Problem sentence={found.error ?? error} />
      {best && best.suggested === null && <p>{best.judged < 10 ? t("onlyAlertsWereJudgedTenAre", { judged: best.judged }) : t("noThresholdWouldHaveMetIt")}</p>}
      {best && best.suggested !== null && (
        <>
          <p>
            <strong>
              {humanise(best.parameter)} {best.suggested}
            </strong>{" "}{t("wouldHaveSparedWrongAndLost", { sparedWrong: best.spared_wrong, lostRight: best.lost_right, judged: best.judged })}
          </p>
          <div className="form-actions">
            {may("rules:write") && (
              <button type="button" className="button" disabled={busy || applied} onClick={() => void apply()} data-testid="suggestion-apply">
                {applied ? t("applied") : t("applyIt")}
              </button>
            )}
            <Link className="button button-quiet" to={`/rules?kind=${row.kind}`}>
              {t("tryItOnThePastFirst")}
            </Link>
          </div>
        </>
      )}
    </div>
  );
}
