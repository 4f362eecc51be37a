import { Download, ShieldAlert, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { users } from "../api/administration";
import { auditActs, auditExport, auditState } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { AuditAct, AuditState } from "../api/types";
import { saveAs } from "../parts/save";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { ago, clock } from "../text/format";
import { dayStart } from "../text/zone";
import { byTopic } from "./topics";
import { done, told, what, who, whole } from "./words";
import { t } from "./texts";

const TOPICS = byTopic();

/** Who did what to what, newest first. The filters live in the address. */
export function AuditPage() {
  useTitle(t("audit"));
  const [params, setParams] = useSearchParams();
  const { may } = usePlace();
  const now = useNow(5_000);
  const given = Object.fromEntries(["act", "actor_id", "subject_id", "store_id", "cursor"].map((name) => [name, params.get(name)]));
  const [from, to] = [params.get("from"), params.get("to")];
  const query = { ...given, since: from && dayStart(from), until: to && dayStart(to, 1) };
  const key = params.toString();
  const page = useLoad(key || "all", () => auditActs(query));
  const state = useLoad("state", auditState);
  const people = useLoad(may("users:read") ? "people" : null, users).value ?? [];
  const set = (changes: Record<string, string | null>) =>
    setParams((old) => {
      const next = new URLSearchParams(old);
      next.delete("cursor");
      for (const [name, value] of Object.entries(changes)) value ? next.set(name, value) : next.delete(name);
      return next;
    });
  const narrowed = ["act", "actor_id", "subject_id", "from", "to"].some((name) => params.has(name));
  return (
    <div className="page">
      <header className="page-head">
        <h1>{t("audit")}</h1>
        {may("audit:export") && <ExportButton query={query} />}
      </header>
      <p className="page-note">{t("whoDidWhatNewestFirstEntries")}</p>
      {state.value && <Whole state={state.value} now={now} />}
      <div className="filters filters-labelled">
        <label className="field">
          <span>{t("whatWasDone")}</span>
          <select value={params.get("act") ?? ""} onChange={(event) => set({ act: event.target.value })} data-testid="audit-act">
            <option value="">{t("everything")}</option>
            {TOPICS.map(({ topic, acts }) => (
              <optgroup key={topic} label={topic}>
                {acts.map(({ act, name }) => (
                  <option key={act} value={act}>
                    {name}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        </label>
        {people.length > 0 && (
          <label className="field">
            <span>{t("byWhom")}</span>
            <select value={people.some(({ id }) => id === params.get("actor_id")) ? (params.get("actor_id") ?? "") : ""} onChange={(event) => set({ actor_id: event.target.value })} data-testid="audit-who">
              <option value="">{t("everybody")}</option>
              {people.map(({ id, username }) => (
                <option key={id} value={id}>
                  {username}
                </option>
              ))}
            </select>
          </label>
        )}
        <label className="field">
          <span>{t("from")}</span>
          <input type="date" value={from ?? ""} max={to ?? undefined} onChange={(event) => set({ from: event.target.value })} />
        </label>
        <label className="field">
          <span>{t("to")}</span>
          <input type="date" value={to ?? ""} min={from ?? undefined} onChange={(event) => set({ to: event.target.value })} />
        </label>
        {narrowed && (
          <button type="button" className="button" onClick={() => set({ act: null, actor_id: null, subject_id: null, from: null, to: null })}>
            {t("showEverybodyAndEverything")}
          </button>
        )}
      </div>
      {page.error && <Failure sentence={page.error} retry={page.reload} />}
      {page.value?.items.length === 0 && <Empty title={t("nothingMatchesTheseFilters")} />}
      <ol className="audit-list" data-testid="audit-list">
        {page.value?.items.map((act) => <Row key={act.id} act={act} now={now} set={set} />)}
      </ol>
      <div className="form-actions">
        {params.has("cursor") && (
          <button type="button" className="button" onClick={() => set({})}>
            {t("newest")}
          </button>
        )}
        {page.value?.next && (
          <button type="button" className="button" onClick={() => setParams((old) => (old.set("cursor", page.value?.next ?? ""), new URLSearchParams(old)))}>
            {t("older")}
          </button>
        )}
      </div>
    </div>
  );
}

function Whole({ state, now }: { state: AuditState; now: number }) {
  const broken = state.broken_sequence !== null;
  const Icon = broken ? ShieldAlert : ShieldCheck;
  return (
    <p className="audit-state" data-broken={broken} role={broken ? "alert" : undefined} data-testid="audit-state">
      <Icon size={18} aria-hidden="true" />
      <span>
        {broken
          ? t("theRecordDoesNotHold", { finding: state.finding })
          : state.verified_at
            ? whole(state, ago(state.verified_at, now))
            : t("notCheckedYet")}{" "}{t("theChainHasSealedEntriesThe", { sealedRows: state.sealed_rows, sealedAt: ago(state.sealed_at, now) })}
        {state.waiting > 0 ? t("waiting", { waiting: state.waiting }) : "."}
      </span>
    </p>
  );
}

function Row({ act, now, set }: { act: AuditAct; now: number; set: (changes: Record<string, string | null>) => void }) {
  return (
    <li className="audit-row">
      <time dateTime={act.at}>{clock(act.at, now)}</time>
      <span>
        <button type="button" className="audit-link" onClick={() => set({ actor_id: act.actor_id })} disabled={!act.actor_id}>
          {who(act)}
        </button>{" "}
        {done(act.act)}{" "}
        {what(act) && (
          <button type="button" className="audit-link" onClick={() => set({ subject_id: act.subject_id })} disabled={!act.subject_id}>
            {what(act)}
          </button>
        )}
        {act.store_name && <small>{" "}{t("in", { storeName: act.store_name })}</small>}
        <Told act={act} />
      </span>
      <small>{t("no", { sequence: act.sequence })}</small>
    </li>
  );
}

/** What else the record says of an act. */
function Told({ act }: { act: AuditAct }) {
  const facts = told(act.details);
  if (facts.length === 0) return null;
  return (
    <details className="audit-told">
      <summary>{t("details")}</summary>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function ExportButton({ query }: { query: Record<string, string | null> }) {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      saveAs(await auditExport({ ...query, cursor: null }), "audit.jsonl");
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  return (
    <div>
      {error && (
        <span className="form-error" role="alert">
          {error}
        </span>
      )}
      <button type="button" className="button" disabled={busy} onClick={() => void save()} data-testid="audit-export">
        <Download size={16} aria-hidden="true" />
        {t("export")}
      </button>
    </div>
  );
}
