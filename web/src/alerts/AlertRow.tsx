import { useEffect, useRef } from "react";
import { Link } from "react-router";
import type { Alert } from "../api/types";
import { useCameras } from "../cameras/cameras";
import { useZoneName } from "../cameras/zoneNames";
import { headline } from "../text/explain";
import { ago, ALERT_STATE_WORDS, clock, LEVEL_WORDS } from "../text/format";
import { kindName } from "../text/kinds";
import { NextAction } from "./Actions";
import { useAlerts } from "./alerts";
import { shownState } from "./alertState";
import { ThreatMark } from "./ThreatMark";
import { useName } from "./who";
import { t } from "./texts";

interface Props {
  alert: Alert;
  selected: boolean;
  to: string;
  now: number;
  /** Not yet opened by this person. */
  unseen: boolean;
  /** Of the same group as the row above. */
  follows: boolean;
}

export function AlertRow({ alert, selected, to, now, unseen, follows }: Props) {
  const { state } = useAlerts();
  const { named } = useCameras();
  const nameOf = useName();
  const zone = useZoneName(alert);
  const row = useRef<HTMLLIElement>(null);
  const shown = shownState(state, alert);
  const failed = state.failed.get(alert.id);
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
        <span title={named(alert.camera_id)}>{named(alert.camera_id)}</span>
        <time dateTime={alert.raised_at} title={clock(alert.raised_at, now)}>
          {ago(alert.raised_at, now)}
        </time>
      </div>
      <span className="alert-state" data-state={shown}>
        {ALERT_STATE_WORDS[shown]}
        {shown === "claimed" && alert.claimed_by && <small>{nameOf(alert.claimed_by)}</small>}
        {shown === "escalated" && alert.escalation_level !== "store" && <small>{LEVEL_WORDS[alert.escalation_level]}</small>}
        {shown === "snoozed" && alert.snoozed_until && <small>{t("until", { snoozedUntil: clock(alert.snoozed_until, now) })}</small>}
      </span>
      <NextAction alert={alert} />
    </li>
  );
}
