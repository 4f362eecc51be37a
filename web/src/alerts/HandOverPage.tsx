import { useQuery } from "@tanstack/react-query";
import { ClipboardCopy, Printer } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { alerts as loadAlerts } from "../api/endpoints";
import type { Alert } from "../api/types";
import { useCameras } from "../cameras/cameras";
import { incidents as loadIncidents } from "../incidents/endpoints";
import { Answer } from "../parts/Query";
import { useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { headline } from "../text/explain";
import { ALERT_STATE_WORDS, CAMERA_STATE_WORDS, clock, hours as inHours } from "../text/format";
import { kindName } from "../text/kinds";
import { tally } from "./handOver";
import { loadLeft } from "./left";
import { t } from "./texts";
import { ThreatMark } from "./ThreatMark";
import { useName } from "./who";

const SHIFTS = [4, 8, 12];
const HOUR_MS = 3_600_000;
const LOOK_AGAIN_MS = 15_000;

/** What the next shift has to know: what is open and with whom, cameras that send nothing, and what this shift did. */
export function HandOverPage() {
  useTitle(t("handOver"));
  const { store, me, may } = usePlace();
  const now = useNow(10_000);
  const [shift, setShift] = useState(8);
  const answer = useQuery({
    queryKey: ["hand-over", store.id, shift],
    queryFn: async () => {
      const since = new Date(Date.now() - shift * HOUR_MS).toISOString();
      const [left, came, cases] = await Promise.all([
        loadLeft(store.id),
        loadAlerts({ store_id: store.id, since, limit: 500 }),
        may("incidents:read") ? loadIncidents(store.id, ["open", "in-review"]) : [],
      ]);
      return { ...left, came: tally(came.items), moreCame: came.next !== null, cases };
    },
    refetchInterval: LOOK_AGAIN_MS,
  });
  return (
    <div className="page page-hand-over">
      <header className="page-head">
        <div>
          <h1>{t("handOver")}</h1>
          <p className="page-note">{t("handOverOf", { store: store.name, when: clock(new Date(now).toISOString(), now), name: me.username })}</p>
        </div>
        <div className="head-tools no-print">
          <select aria-label={t("shift")} value={shift} onChange={(event) => setShift(Number(event.target.value))}>
            {SHIFTS.map((each) => (
              <option key={each} value={each}>
                {t("shiftOf", { span: inHours(each) })}
              </option>
            ))}
          </select>
          <Copy />
          <button type="button" className="button" onClick={() => window.print()}>
            <Printer size={16} aria-hidden="true" />
            {t("print")}
          </button>
        </div>
      </header>
      <Answer of={answer}>
        {({ open, moreAcknowledged, came, moreCame, cases }) => (
          <div id="hand-over" className="stack">
            <section className="panel" aria-label={t("stillOpen")} data-testid="hand-over-open">
              <h2>{t("stillOpen")}</h2>
              {open.length === 0 && <p className="page-note">{t("nothingOpen")}</p>}
              <ul className="hand-over">
                {open.map((alert) => (
                  <Left key={alert.id} alert={alert} now={now} />
                ))}
              </ul>
              {moreAcknowledged && <p className="page-note">{t("moreAcknowledged")}</p>}
            </section>
            {may("incidents:read") && (
              <section className="panel" aria-label={t("openIncidents")}>
                <h2>{t("openIncidents")}</h2>
                {cases.length === 0 && <p className="page-note">{t("noOpenIncidents")}</p>}
                <ul className="hand-over">
                  {cases.map((each) => (
                    <li key={each.id}>
                      <Link to={`/incidents/${each.id}`}>{each.title || kindName(each.kind)}</Link>
                      <small>{clock(each.opened_at, now)}</small>
                    </li>
                  ))}
                </ul>
              </section>
            )}
            <Silent />
            <section className="panel" aria-label={t("thisShift")}>
              <h2>{t("thisShift")}</h2>
              <p>{t("tally", { raised: moreCame ? `${came.raised}+` : came.raised, resolved: came.resolved, wrong: came.wrong, high: came.high })}</p>
            </section>
          </div>
        )}
      </Answer>
    </div>
  );
}

/** One alert that is left, with whom it is and until when it sleeps. */
function Left({ alert, now }: { alert: Alert; now: number }) {
  const { named } = useCameras();
  const nameOf = useName();
  const who = alert.state === "snoozed" ? alert.snoozed_by : alert.state === "acknowledged" ? alert.acknowledged_by : alert.claimed_by;
  return (
    <li>
      <ThreatMark threat={alert.threat} word />
      <Link to={`/alerts/${alert.id}`}>{kindName(alert.kind)}</Link>
      <span>{headline(alert.kind, alert.explanation)}</span>
      <small>
        {named(alert.camera_id)} · {clock(alert.raised_at, now)} · {ALERT_STATE_WORDS[alert.state]}
        {who && ` · ${nameOf(who)}`}
        {alert.state === "snoozed" && alert.snoozed_until && ` · ${t("until", { snoozedUntil: clock(alert.snoozed_until, now) })}: ${alert.snooze_reason ?? ""}`}
      </small>
    </li>
  );
}

function Silent() {
  const { list } = useCameras();
  const away = list.filter(({ state }) => state !== "live");
  return (
    <section className="panel" aria-label={t("silentCameras")}>
      <h2>{t("silentCameras")}</h2>
      {away.length === 0 && <p className="page-note">{t("everyCameraSends", { count: list.length })}</p>}
      <ul className="hand-over">
        {away.map((camera) => (
          <li key={camera.id}>
            <Link to={`/cameras/${camera.id}`}>{camera.name}</Link>
            <small>
              {CAMERA_STATE_WORDS[camera.state]}
              {camera.reason && `: ${camera.reason}`}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The list as text, for a message or a book. */
function Copy() {
  const [done, setDone] = useState(false);
  const copy = async () => {
    const text = document.getElementById("hand-over")?.innerText ?? "";
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2_000);
  };
  return (
    <button type="button" className="button" onClick={() => void copy().catch(() => undefined)} aria-live="polite">
      <ClipboardCopy size={16} aria-hidden="true" />
      {done ? t("copied") : t("copyAsText")}
    </button>
  );
}
