import { useState, type FormEvent } from "react";
import { Link } from "react-router";
import { AnswerForm } from "../parts/AnswerForm";
import { OpenRows, type OpenRow } from "../parts/OpenRows";
import { Problem, useAct } from "../security/parts";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { momentOf } from "../text/zone";
import { due, OUTCOME_WORDS } from "./clocks";
import { acknowledge, addComplaint, complaint, complaints, decide, type Complaint, type ComplaintOutcome } from "./endpoints";
import { t } from "./texts";

/** What people complain about, until when they must hear, and what was found. */
export function ComplaintsPage() {
  useTitle(t("complaints"));
  const { store, may } = usePlace();
  const { value, error, reload } = useLoad(`complaints-${store.id}`, () => complaints(store.id));
  const now = useNow(60_000);
  return (
    <div className="page page-administration">
      <header className="page-head">
        <div>
          <h1>{t("complaints")}</h1>
          <p className="page-note">{t("peopleHearWithin7DaysThat")}</p>
        </div>
      </header>
      {error && <Failure sentence={error} retry={reload} />}
      {may("complaints:write") && <Record changed={reload} />}
      {value?.length === 0 && <Empty title={t("nobodyHasComplained")} />}
      <OpenRows testId="complaints" rowTestId="complaint" rows={(value ?? []).map((each) => row(each, now, reload))} />
    </div>
  );
}

const row = (one: Complaint, now: number, changed: () => void): OpenRow => ({
  id: one.id,
  title: clock(one.happened_at, now),
  due: due(one, now),
  note: one.summary,
  file: () => <File key={`${one.id} ${one.state}`} id={one.id} changed={changed} />,
});

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
        {contact ? (t("from", { contact }) + " ") : (t("nobodySaidWhoComplains") + " ")}
        {one.state !== "decided" && t("piecesOfEvidenceAreKeptFor", { heldEvidence: held_evidence })}
      </p>
      {one.alert_id && (
        <p>
          <Link to={`/alerts/${one.alert_id}`}>{t("theAlertItIsAbout")}</Link>
        </p>
      )}
      {one.answer && <p>{one.answer}</p>}
      {one.corrected && <p className="quiet">{t("theEnrolmentBehindItWasErased")}</p>}
      {writes && one.state === "open" && (
        <div className="form-actions">
          <button type="button" className="button" disabled={act.busy} data-testid="complaint-acknowledge" onClick={() => void act.run(() => acknowledge(id).then(changed))}>
            {t("theyWereToldThatItArrived")}
          </button>
        </div>
      )}
      {writes && one.state !== "decided" && <Decide one={one} changed={changed} />}
      <Problem sentence={act.error} />
    </div>
  );
}

const OUTCOMES = ["upheld", "partly-upheld", "not-upheld"] as const satisfies readonly ComplaintOutcome[];

function Decide({ one, changed }: { one: Complaint; changed: () => void }) {
  const [correct, setCorrect] = useState(false);
  const correction = (outcome: ComplaintOutcome) =>
    one.match_id &&
    outcome !== "not-upheld" && (
      <label className="choice">
        <input type="checkbox" checked={correct} onChange={(event) => setCorrect(event.target.checked)} />
        <span>{t("eraseTheEnrolmentBehindTheMatch")}</span>
      </label>
    );
  const answer = (outcome: ComplaintOutcome, words: string) => decide(one.id, outcome, words, correct && outcome !== "not-upheld").then(changed);
  return <AnswerForm testId="complaint" outcomes={OUTCOMES} words={OUTCOME_WORDS} answer={answer} more={correction} />;
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
    <form className="panel stack" onSubmit={submit} aria-label={t("recordAComplaint")}>
      <h2>{t("recordAComplaint")}</h2>
      <div className="channel-fields">
        <label className="field">
          <span>{t("whenItHappened")}</span>
          <input type="datetime-local" required value={happened} data-testid="complaint-when" onChange={(event) => setHappened(event.target.value)} />
        </label>
        <label className="field channel-address">
          <span>{t("whoComplainsAndHowToAnswer")}</span>
          <input value={contact} maxLength={500} autoComplete="off" data-testid="complaint-contact" onChange={(event) => setContact(event.target.value)} />
        </label>
      </div>
      <label className="field">
        <span>{t("whatTheySay")}</span>
        <textarea value={summary} required maxLength={4000} rows={3} data-testid="complaint-summary" onChange={(event) => setSummary(event.target.value)} />
      </label>
      <Problem sentence={error} />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !happened || !summary.trim()} data-testid="complaint-record">
          {t("recordIt")}
        </button>
      </div>
    </form>
  );
}
