import { useState, type FormEvent } from "react";
import { Problem, useAct } from "../security/parts";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { momentOf } from "../text/zone";
import { due, OUTCOME_WORDS } from "./clocks";
import { acknowledge, addComplaint, complaint, complaints, decide, type Complaint, type ComplaintOutcome } from "./endpoints";

/** What people complain about, until when they must hear, and what was found. */
export function ComplaintsPage() {
  useTitle("Complaints");
  const { store, may } = usePlace();
  const { value, error, reload } = useLoad(`complaints-${store.id}`, () => complaints(store.id));
  const [open, setOpen] = useState<string | null>(null);
  const now = useNow(60_000);
  return (
    <div className="page page-administration">
      <header className="page-head">
        <div>
          <h1>Complaints</h1>
          <p className="page-note">People hear within 7 days that their complaint arrived, and within 30 what was found. Evidence of what it is about is kept until then.</p>
        </div>
      </header>
      {error && <Failure sentence={error} retry={reload} />}
      {may("complaints:write") && <Record changed={reload} />}
      {value?.length === 0 && <Empty title="Nobody has complained" />}
      <ul className="rows" data-testid="complaints">
        {(value ?? []).map((each) => {
          const [words, tone] = due(each, now);
          return (
            <li key={each.id} className="channel-row" data-testid="complaint">
              <div>
                <strong>{clock(each.happened_at, now)}</strong>{" "}
                <span className="tag" data-state={tone}>
                  {words}
                </span>
                <small>{each.summary}</small>
              </div>
              <button type="button" className="button button-small" aria-expanded={open === each.id} onClick={() => setOpen(open === each.id ? null : each.id)}>
                {open === each.id ? "Close" : "Open"}
              </button>
              {open === each.id && <File key={`${each.id} ${each.state}`} id={each.id} changed={reload} />}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function File({ id, changed }: { id: string; changed: () => void }) {
  const { may } = usePlace();
  const { value, error, reload } = useLoad(`complaint-${id}`, () => complaint(id));
  const act = useAct();
  if (value === null) return error ? <Failure sentence={error} retry={reload} /> : null;
  const { complaint: one, contact, held_evidence } = value;
  const writes = may("complaints:write");
  return (
    <div className="stack complaint-file">
      <p className="quiet">
        {contact ? `From ${contact}. ` : "Nobody said who complains. "}
        {one.state !== "decided" && `${held_evidence} pieces of evidence are kept for it.`}
      </p>
      {one.answer && <p>{one.answer}</p>}
      {one.corrected && <p className="quiet">The enrolment behind it was erased for every store.</p>}
      {writes && one.state === "open" && (
        <div className="form-actions">
          <button type="button" className="button" disabled={act.busy} data-testid="complaint-acknowledge" onClick={() => void act.run(() => acknowledge(id).then(changed))}>
            They were told that it arrived
          </button>
        </div>
      )}
      {writes && one.state !== "decided" && <Decide one={one} changed={changed} />}
      <Problem sentence={act.error} />
    </div>
  );
}

function Decide({ one, changed }: { one: Complaint; changed: () => void }) {
  const [outcome, setOutcome] = useState<ComplaintOutcome>("upheld");
  const [answer, setAnswer] = useState("");
  const [correct, setCorrect] = useState(false);
  const { busy, error, run } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(() => decide(one.id, outcome, answer.trim(), correct && outcome !== "not-upheld").then(changed));
  };
  return (
    <form className="stack" onSubmit={submit} aria-label="Decide">
      <label className="field">
        <span>Found</span>
        <select value={outcome} onChange={(event) => setOutcome(event.target.value as ComplaintOutcome)}>
          {(Object.keys(OUTCOME_WORDS) as ComplaintOutcome[]).map((each) => (
            <option key={each} value={each}>
              {OUTCOME_WORDS[each]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Answer</span>
        <textarea value={answer} required maxLength={4000} rows={3} data-testid="complaint-answer" onChange={(event) => setAnswer(event.target.value)} />
      </label>
      {one.match_id && outcome !== "not-upheld" && (
        <label className="choice">
          <input type="checkbox" checked={correct} onChange={(event) => setCorrect(event.target.checked)} />
          <span>Erase the enrolment behind the match, for every store</span>
        </label>
      )}
      <Problem sentence={error} />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !answer.trim()} data-testid="complaint-decide">
          Answer for good
        </button>
      </div>
    </form>
  );
}

function Record({ changed }: { changed: () => void }) {
  const { store } = usePlace();
  const [happened, setHappened] = useState("");
  const [summary, setSummary] = useState("");
  const [contact, setContact] = useState("");
  const { busy, error, run } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await addComplaint({ store_id: store.id, happened_at: momentOf(happened), summary: summary.trim(), contact: contact.trim() });
      setHappened("");
      setSummary("");
      setContact("");
      changed();
    });
  };
  return (
    <form className="panel stack" onSubmit={submit} aria-label="Record a complaint">
      <h2>Record a complaint</h2>
      <div className="channel-fields">
        <label className="field">
          <span>When it happened</span>
          <input type="datetime-local" required value={happened} data-testid="complaint-when" onChange={(event) => setHappened(event.target.value)} />
        </label>
        <label className="field channel-address">
          <span>Who complains, and how to answer</span>
          <input value={contact} maxLength={500} autoComplete="off" data-testid="complaint-contact" onChange={(event) => setContact(event.target.value)} />
        </label>
      </div>
      <label className="field">
        <span>What they say</span>
        <textarea value={summary} required maxLength={4000} rows={3} data-testid="complaint-summary" onChange={(event) => setSummary(event.target.value)} />
      </label>
      <Problem sentence={error} />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !happened || !summary.trim()} data-testid="complaint-record">
          Record it
        </button>
      </div>
    </form>
  );
}
