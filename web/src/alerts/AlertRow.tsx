import { memo, useEffect, useRef } from "react";
import { Link } from "react-router";
import type { Alert, AlertAction, AlertState } from "../api/types";
import { useZoneName } from "../cameras/zoneNames";
import { Ago } from "../shell/Ago";
import { headline } from "../text/explain";
import { ALERT_STATE_WORDS, clock, LEVEL_WORDS } from "../text/format";
import { kindName } from "../text/kinds";
import { NextAction, type Act } from "./Actions";
import { ThreatMark } from "./ThreatMark";
import { useName } from "./who";
import { t } from "./texts";

interface Props {
  alert: Alert;
  /** What to show: the expected state while an action is on its way. */
  shown: AlertState;
  pending: AlertAction | undefined;
  /** Why the last action failed. */
  failed: string | undefined;
  act: Act;
  /** The camera's name. */
  camera: string;
  selected: boolean;
  to: string;
  /** Not yet opened by this person. */
  unseen: boolean;
  /** Of the same group as the row above. */
  follows: boolean;
}

/** Drawn anew only when something of it changes: in a storm of alerts hundreds of rows stand still. */
export const AlertRow = memo(function AlertRow({ alert, shown, pending, failed, act, camera, selected, to, unseen, follows }: Props) {
  const nameOf = useName();
  const zone = useZoneName(alert);
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (selected) row.current?.scrollIntoView({ block: "nearest" });
  }, [selected]);
  return (
    <li
      ref={row}
      className="alert-row"
      data-testid="alert-row"
      data-alert-id={alert.id}
      data-kind={alert.kind}
      data-state={shown}
      data-threat={alert.threat}
      data-unseen={unseen}
      data-follows={follows}
      data-lower={alert.second_look?.lowers ?? false}
      aria-current={selected ? "true" : undefined}
    >
      <ThreatMark threat={alert.threat} word />
      <div className="alert-text">
        <Link to={to} replace className="alert-link">
          {kindName(alert.kind)}
        </Link>
        {alert.occurrences > 1 && (
          <span className="alert-count" title={t("occurrences2", { occurrences: alert.occurrences })}>
            ×{alert.occurrences}
          </span>
        )}
        <p>{headline(alert.kind, alert.explanation, zone)}</p>
        {failed && (
          <p className="form-error" role="alert">
            {failed}
          </p>
        )}
      </div>
      <div className="alert-where">
        <span title={camera}>{camera}</span>
        <Ago at={alert.raised_at} />
      </div>
      <span className="alert-state" data-state={shown}>
        {ALERT_STATE_WORDS[shown]}
        {shown === "claimed" && alert.claimed_by && <small>{nameOf(alert.claimed_by)}</small>}
        {shown === "escalated" && alert.escalation_level !== "store" && <small>{LEVEL_WORDS[alert.escalation_level]}</small>}
        {shown === "snoozed" && alert.snoozed_until && <small>{t("until", { snoozedUntil: clock(alert.snoozed_until, Date.now()) })}</small>}
      </span>
      <NextAction alert={alert} pending={pending} act={act} />
    </li>
  );
});
