import { FolderOpen, Plus } from "lucide-react";
import { useEffect, useState, type FormEvent } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { Problem, useAct } from "../security/parts";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { liveSocket } from "../socket/socket";
import { ago, clock } from "../text/format";
import { kindName } from "../text/kinds";
import { Case } from "./Case";
import { incidents, openIncident, type Incident } from "./endpoints";
import { incidentKinds, INCIDENT_STATE_WORDS } from "./words";
import { t } from "./texts";

/** The store's cases: those that people work on, or the closed ones; one of them whole beside the list. */
export function IncidentsPage() {
  useTitle(t("incidents"));
  const { incidentId } = useParams();
  const { store, may } = usePlace();
  const [closed, setClosed] = useState(false);
  const [opening, setOpening] = useState(false);
  const now = useNow(5_000);
  const list = useLoad(may("incidents:read") ? `incidents ${store.id} ${closed}` : null, () => incidents(store.id, closed ? ["closed"] : ["open", "in-review"]));
  const changed = useIncidentNews(list.reload);
  if (!may("incidents:read")) return <Empty title={t("incidentsAreForOperatorsAndManagers")} />;
  return (
    <div className="page page-incidents" data-selected={incidentId !== undefined}>
      <header className="page-head">
        <h1>{t("incidents")}</h1>
        {may("incidents:write") && (
          <button type="button" className="button" onClick={() => setOpening(true)} data-testid="incident-new">
            <Plus size={16} aria-hidden="true" />
            {t("openAnIncident")}
          </button>
        )}
      </header>
      <div className="filters">
        <select aria-label={t("state")} value={closed ? "closed" : "open"} onChange={(event) => setClosed(event.target.value === "closed")} data-testid="incident-filter">
          <option value="open">{t("beingWorkedOn")}</option>
          <option value="closed">{t("closed")}</option>
        </select>
      </div>
      {opening && <OpenForm done={() => setOpening(false)} />}
      {list.error && <Failure sentence={list.error} retry={list.reload} />}
      <div className="incidents">
        <div>
          {list.value?.length === 0 && (
            <Empty title={closed ? t("noClosedIncidents") : t("noIncidentIsOpen")} icon={<FolderOpen size={36} aria-hidden="true" />}>
              <p>{closed ? t("theyAppearHereOnceSomebodySays") : t("rulesThatAreToldToOpen")}</p>
            </Empty>
          )}
          <ul className="incident-list" aria-label={t("incidentsNewestFirst")}>
            {list.value?.map((each) => <Row key={each.id} incident={each} selected={each.id === incidentId} now={now} />)}
          </ul>
        </div>
        {incidentId && <Case key={incidentId} id={incidentId} changed={changed} onChanged={list.reload} />}
      </div>
    </div>
  );
}

function Row({ incident, selected, now }: { incident: Incident; selected: boolean; now: number }) {
  return (
    <li className="incident-row" aria-current={selected ? "true" : undefined} data-testid="incident-row">
      <Link to={`/incidents/${incident.id}`} replace>
        {incident.title}
      </Link>
      <span className="incident-state" data-state={incident.state}>
        {INCIDENT_STATE_WORDS[incident.state]}
      </span>
      <small title={clock(incident.opened_at, now)}>
        {t("openedBy", { kind: kindName(incident.kind), openedAt: ago(incident.opened_at, now) })}{" "}{incident.opened_by?.username ?? t("aRule")}
      </small>
    </li>
  );
}

function OpenForm({ done }: { done: () => void }) {
  const { store } = usePlace();
  const navigate = useNavigate();
  const { busy, error, run } = useAct();
  const [kind, setKind] = useState("theft");
  const [title, setTitle] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const made = await openIncident(store.id, kind, title.trim());
      done();
      void navigate(`/incidents/${made.id}`);
    });
  };
  return (
    <form className="panel incident-form" onSubmit={submit} aria-label={t("openAnIncident")}>
      <label className="field">
        <span>{t("whatWasDone")}</span>
        <select value={kind} onChange={(event) => setKind(event.target.value)}>
          {incidentKinds().map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("inAFewWordsAboutActs")}</span>
        <input value={title} maxLength={200} autoFocus onChange={(event) => setTitle(event.target.value)} placeholder={t("twoBottlesTakenFromAisle4")} data-testid="incident-title" />
      </label>
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !title.trim()} data-testid="incident-open">
          {t("open")}
        </button>
        <button type="button" className="button button-quiet" onClick={done}>
          {t("cancel")}
        </button>
      </div>
      <Problem sentence={error} />
    </form>
  );
}

/** Rises when an incident changed; the list is asked for again. */
function useIncidentNews(reload: () => void): number {
  const [count, setCount] = useState(0);
  useEffect(
    () =>
      liveSocket.listen((message) => {
        if (message.type !== "incident-changed" && message.type !== "gap") return;
        setCount((old) => old + 1);
        reload();
      }),
    [reload],
  );
  return count;
}
