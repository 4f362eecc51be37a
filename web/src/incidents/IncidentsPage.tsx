import { FolderOpen, Plus } from "lucide-react";
import { useEffect, useState, type FormEvent } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { Problem, useAct } from "../security/parts";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { liveSocket } from "../socket/socket";
import { ago, clock, humanise } from "../text/format";
import { Case } from "./Case";
import { incidents, openIncident, type Incident } from "./endpoints";
import { INCIDENT_KINDS, INCIDENT_STATE_WORDS } from "./words";

/** The store's cases: those that people work on, or the closed ones; one of them whole beside the list. */
export function IncidentsPage() {
  useTitle("Incidents");
  const { incidentId } = useParams();
  const { store, may } = usePlace();
  const [closed, setClosed] = useState(false);
  const [opening, setOpening] = useState(false);
  const now = useNow(5_000);
  const list = useLoad(may("incidents:read") ? `incidents ${store.id} ${closed}` : null, () => incidents(store.id, closed ? ["closed"] : ["open", "in-review"]));
  const changed = useIncidentNews(list.reload);
  if (!may("incidents:read")) return <Empty title="Incidents are for operators and managers" />;
  return (
    <div className="page page-incidents" data-selected={incidentId !== undefined}>
      <header className="page-head">
        <h1>Incidents</h1>
        {may("incidents:write") && (
          <button type="button" className="button" onClick={() => setOpening(true)} data-testid="incident-new">
            <Plus size={16} aria-hidden="true" />
            Open an incident
          </button>
        )}
      </header>
      <div className="filters">
        <select aria-label="State" value={closed ? "closed" : "open"} onChange={(event) => setClosed(event.target.value === "closed")} data-testid="incident-filter">
          <option value="open">Being worked on</option>
          <option value="closed">Closed</option>
        </select>
      </div>
      {opening && <OpenForm done={() => setOpening(false)} />}
      {list.error && <Failure sentence={list.error} retry={list.reload} />}
      <div className="incidents">
        <div>
          {list.value?.length === 0 && (
            <Empty title={closed ? "No closed incidents" : "No incident is open"} icon={<FolderOpen size={36} aria-hidden="true" />}>
              <p>{closed ? "They appear here once somebody says what came of them." : "Rules that are told to open one, and people from an alert."}</p>
            </Empty>
          )}
          <ul className="incident-list" aria-label="Incidents, newest first">
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
        {humanise(incident.kind)} · opened {ago(incident.opened_at, now)} by {incident.opened_by?.username ?? "a rule"}
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
    <form className="panel incident-form" onSubmit={submit} aria-label="Open an incident">
      <label className="field">
        <span>What was done</span>
        <select value={kind} onChange={(event) => setKind(event.target.value)}>
          {INCIDENT_KINDS.map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>In a few words, about acts only</span>
        <input value={title} maxLength={200} autoFocus onChange={(event) => setTitle(event.target.value)} placeholder="Two bottles taken from aisle 4" data-testid="incident-title" />
      </label>
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !title.trim()} data-testid="incident-open">
          Open
        </button>
        <button type="button" className="button button-quiet" onClick={done}>
          Cancel
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
