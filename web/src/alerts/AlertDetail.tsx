import { X } from "lucide-react";
import { Link } from "react-router";
import type { Alert, Handler, Outcome } from "../api/types";
import { useCameras } from "../cameras/cameras";
import { useZoneName } from "../cameras/zoneNames";
import { Evidence } from "../evidence/Evidence";
import { useLayers } from "../live/layers";
import { LinkedTile } from "../live/LinkedTile";
import { useNow } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { facts, headline } from "../text/explain";
import { ALERT_STATE_WORDS, clock, duration, humanise, LEVEL_WORDS } from "../text/format";
import { kindName } from "../text/kinds";
import { Actions, OUTCOME_WORDS } from "./Actions";
import { useAlerts } from "./alerts";
import { shownState } from "./alertState";
import { ToIncident } from "../incidents/ToIncident";
import { ThreatMark } from "./ThreatMark";
import { useName } from "./who";
import { t } from "./texts";

/** All that is known about one alert, beside the camera's picture of now. */
export function AlertDetail({ alert, close }: { alert: Alert; close: string }) {
  const now = useNow();
  const { state } = useAlerts();
  const { list } = useCameras();
  const { may } = usePlace();
  const [layers] = useLayers();
  const zone = useZoneName(alert);
  const camera = list.find(({ id }) => id === alert.camera_id);
  const failed = state.failed.get(alert.id);
  const seconds = (Date.parse(alert.ended_at) - Date.parse(alert.started_at)) / 1000;
  return (
    <aside className="alert-detail" aria-label={t("selectedAlert")} data-testid="alert-detail">
      <header>
        <ThreatMark threat={alert.threat} word />
        <h2>{kindName(alert.kind)}</h2>
        <span className="alert-state" data-state={shownState(state, alert)}>
          {ALERT_STATE_WORDS[shownState(state, alert)]}
        </span>
        <Link to={close} replace className="icon-button" aria-label={t("close")} title={t("closeEsc")}>
          <X size={18} />
        </Link>
      </header>
      <p className="lead">{headline(alert.kind, alert.explanation, zone)}.</p>
      {alert.second_look && <Draft look={alert.second_look} />}
      <Actions alert={alert} />
      {failed && (
        <p className="form-error" role="alert">
          {failed}
        </p>
      )}
      <ToIncident alert={alert} />
      <Evidence alertId={alert.id} shown />
      {camera && (
        <figure className="detail-live">
          {may("live:view") && <LinkedTile key={camera.id} camera={camera} layers={layers} />}
          <figcaption>
            {may("live:view") && t("thisIsTheCameraNowNot")} <Link to={`/plan?camera=${camera.id}`}>{t("onThePlan")}</Link>
          </figcaption>
        </figure>
      )}
      <h3>{t("why")}</h3>
      <dl className="facts">
        {facts(alert.explanation).map(({ name, value }) => (
          <Fact key={name} name={name} value={value} />
        ))}
        {zone && <Fact name={t("zone")} value={zone} />}
        <Fact name={t("trackIds")} value={alert.track_ids.join(", ") || "–"} />
      </dl>
      <h3>{t("whenAndWho")}</h3>
      <dl className="facts">
        <Fact name={t("began")} value={clock(alert.started_at, now)} />
        <Fact name={t("lastSeen")} value={`${clock(alert.ended_at, now)}${seconds > 0 ? ` (${duration(seconds)})` : ""}`} />
        <Fact name={t("raised")} value={clock(alert.raised_at, now)} />
        {alert.occurrences > 1 && <Fact name={t("occurrences")} value={String(alert.occurrences)} />}
        <Who name={t("claimedBy")} who={alert.claimed_by} />
        {alert.escalated_at && <Fact name={t("escalated")} value={t("escalatedTo", { level: LEVEL_WORDS[alert.escalation_level].toLowerCase(), when: clock(alert.escalated_at, now) }) + (alert.escalated_by ? "" : t("nobodyReacted"))} />}
        <Who name={t("escalatedBy")} who={alert.escalated_by} />
        {alert.state === "snoozed" && alert.snoozed_until && <Fact name={t("sleepsUntil")} value={clock(alert.snoozed_until, now)} />}
        {alert.state === "snoozed" && <Fact name={t("because")} value={alert.snooze_reason ?? "–"} />}
        <Who name={t("snoozedBy")} who={alert.state === "snoozed" ? alert.snoozed_by : null} />
        <Who name={t("acknowledgedBy")} who={alert.acknowledged_by} />
        <Who name={t("resolvedBy")} who={alert.resolved_by} />
        {alert.outcome && <Fact name={t("outcome")} value={Object.hasOwn(OUTCOME_WORDS, alert.outcome) ? OUTCOME_WORDS[alert.outcome as Outcome] : humanise(alert.outcome)} />}
      </dl>
    </aside>
  );
}

const LOOKS: Record<string, string> = {
  get supports() { return t("itSupportsTheAlert"); },
  get "does-not-support"() { return t("itDoesNotSupportTheAlert"); },
  get "cannot-tell"() { return t("itCannotTell"); },
};

/** What a machine drafted; it decides nothing. */
function Draft({ look }: { look: NonNullable<Alert["second_look"]> }) {
  if (look.state !== "answered") return null;
  return (
    <p className="second-look" data-testid="second-look">
      <strong>{t("aMachineLookedAgain")}{look.verdict ? `: ${LOOKS[look.verdict] ?? ""}` : "."}</strong> {look.summary} <small>{t("draftedFromOneBlurredStillA")}</small>
    </p>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Who({ name, who }: { name: string; who: Handler | null | undefined }) {
  const nameOf = useName();
  return who ? <Fact name={name} value={nameOf(who)} /> : null;
}
