import { BellRing } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { alert as loadAlert, alerts as loadAlerts, type HowToAct } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import { useCameras } from "../cameras/cameras";
import { Empty, Failure } from "../shell/Empty";
import { useKeys, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { AlertDetail } from "./AlertDetail";
import { AlertRow } from "./AlertRow";
import { useUnseen } from "./seen";
import type { AlertAction } from "../api/types";
import { useAlerts } from "./alerts";
import { actionsFor, grouped, inOrder, isTaken, shownState } from "./alertState";
import { asQuery, passes, readFilter, writeFilter, type Filter } from "./filter";
import { Filters } from "./Filters";
import { t } from "./texts";

export function AlertsPage() {
  useTitle(t("alerts"));
  const { alertId } = useParams();
  const [params] = useSearchParams();
  const filter = useMemo(() => readFilter(params), [params]);
  const { state, act } = useAlerts();
  const { named } = useCameras();
  const { me, may } = usePlace();
  const paging = useAlertPages(filter);
  const navigate = useNavigate();
  const rows = useMemo(
    // The selected one stays in the list while it is being dealt with, whatever the filter says.
    () => grouped(inOrder(state.byId.values())).filter((alert) => alert.id === alertId || passes(filter, alert, shownState(state, alert))),
    [state, filter, alertId],
  );
  const selected = rows.find(({ id }) => id === alertId) ?? null;
  const search = params.toString() ? `?${params.toString()}` : "";
  const select = (id: string | undefined) => id && void navigate(`/alerts/${id}${search}`, { replace: true });
  const step = (by: number) => {
    const at = rows.findIndex(({ id }) => id === alertId);
    select(rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))]?.id);
  };
  const attempt = (action: AlertAction, how?: HowToAct) => {
    const offered = selected && may("alerts:handle") ? actionsFor(selected, me.id) : [];
    // Taking over from a colleague needs the button.
    if (selected && offered.includes(action) && !isTaken(selected, me.id)) act(selected.id, action, how);
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    a: () => attempt("acknowledge"),
    c: () => attempt("claim"),
    e: () => attempt("escalate"),
    s: () => press("alert-snooze"),
    f: () => selected && attempt("resolve", { outcome: "false" }),
    Escape: () => selected && void navigate(`/alerts${search}`, { replace: true }),
  });
  useMissing(alertId);
  const unseen = useUnseen(rows, alertId);

  return (
    <div className="page page-alerts" data-selected={selected !== null}>
      <header className="page-head">
        <h1>{t("alerts")}</h1>
        <p className="keys" aria-hidden="true">
          <kbd>J</kbd>{" "}{t("next")}{" "}<kbd>K</kbd>{" "}{t("previous")}{" "}<kbd>A</kbd>{" "}{t("acknowledge2")}{" "}<kbd>C</kbd>{" "}{t("claim2")}{" "}<kbd>E</kbd>{" "}{t("escalate2")}{" "}<kbd>S</kbd>{" "}{t("snooze3")}{" "}<kbd>F</kbd>{" "}{t("falseAlarm2")}
        </p>
      </header>
      <Filters filter={filter} onChange={(next: Filter) => void navigate({ pathname: "/alerts", search: writeFilter(next).toString() }, { replace: true })} />
      {paging.error && <Failure sentence={paging.error} retry={paging.retry} />}
      <div className="alerts">
        <div className="alert-list-side">
          {rows.length === 0 && !paging.loading && !paging.error && <NoAlerts filter={filter} />}
          {rows.length === 0 && paging.loading && <p className="quiet pad">{t("loading")}</p>}
          <ul className="alert-list" aria-label={t("alertsNewestFirst")}>
            {rows.map((alert, index) => (
              <AlertRow
                key={alert.id}
                alert={alert}
                shown={shownState(state, alert)}
                pending={state.pending.get(alert.id)}
                failed={state.failed.get(alert.id)}
                act={act}
                camera={named(alert.camera_id)}
                selected={alert.id === alertId}
                to={`/alerts/${alert.id}${search}`}
                unseen={unseen.has(alert.id)}
                follows={index > 0 && alert.group_id !== null && rows[index - 1]?.group_id === alert.group_id}
              />
            ))}
          </ul>
          {paging.more && (
            <button type="button" className="button" onClick={paging.more} disabled={paging.loading}>
              {paging.loading ? t("loading") : t("showOlder")}
            </button>
          )}
        </div>
        {selected && <AlertDetail alert={selected} close={`/alerts${search}`} />}
      </div>
    </div>
  );
}

/** What needs more than a key opens for the selected alert. */
function press(testId: string): void {
  document.querySelector<HTMLButtonElement>(`.alert-detail [data-testid="${testId}"]`)?.click();
}

function NoAlerts({ filter }: { filter: Filter }) {
  const narrowed = filter.cameraId !== null || filter.kind !== null || filter.threat !== null;
  const { list } = useCameras();
  return (
    <Empty title={filter.shown === "open" && !narrowed ? t("nothingNeedsYou") : t("noAlertsMatch")} icon={<BellRing size={36} aria-hidden="true" />}>
      <p>
        {filter.shown === "open" && !narrowed
          ? list.length
            ? t("newAlertsAppearHereByThemselves")
            : t("alertsComeFromCamerasAndThere")
          : t("chooseAnotherStateCameraOrKind")}
      </p>
      {narrowed && (
        <Link className="button" to="/alerts">
          {t("showAllOpenAlerts")}
        </Link>
      )}
      {!narrowed && list.length === 0 && (
        <Link className="button button-primary" to="/cameras">
          {t("addACamera")}
        </Link>
      )}
    </Empty>
  );
}

/** Loads pages of the API for `filter` into what is known; again after messages were lost. */
function useAlertPages(filter: Filter) {
  const { store } = usePlace();
  const { add, epoch } = useAlerts();
  const [cursor, setCursor] = useState<string | null>(null);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const asked = useRef(0);

  const load = async (from: string | null) => {
    const turn = (asked.current += 1);
    setLoading(true);
    try {
      const page = await loadAlerts(asQuery(filter, store.id, from));
      add(page.items);
      if (turn !== asked.current) return;
      setCursor(page.next);
      setError(null);
    } catch (reason) {
      if (turn === asked.current) setError(sentenceFor(reason));
    }
    if (turn === asked.current) setLoading(false);
  };
  useEffect(() => void load(null), [filter, store.id, epoch, round]);
  return {
    loading,
    error,
    retry: () => setRound((count) => count + 1),
    more: cursor ? () => void load(cursor) : null,
  };
}

/** Asks for an alert that was linked to and is not known here. */
function useMissing(alertId: string | undefined): void {
  const { state, add } = useAlerts();
  const known = alertId === undefined || state.byId.has(alertId);
  useEffect(() => {
    if (known) return;
    loadAlert(alertId).then((alert) => add([alert]), () => undefined);
  }, [alertId, known, add]);
}
