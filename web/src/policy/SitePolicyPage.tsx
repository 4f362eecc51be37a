import { Check, ExternalLink, TriangleAlert } from "lucide-react";
import { useCallback, useEffect, useState, type ReactNode } from "react";
import { sentenceFor } from "../api/problem";
import { Confirm } from "../shell/Confirm";
import { Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { history, jurisdictions, standing, switchOff, type Gap, type Standing, type Switch } from "./endpoints";
import { LapseNotice, useCoverage } from "./Coverage";
import { Acceptance } from "./Acceptance";
import { Papers } from "./Papers";
import { PlaceChoice } from "./PlaceChoice";
import { Sign } from "./Sign";
import { CAUSE_WORDS, concerned, distinct, named, SWITCH_WORDS, SWITCHES } from "./words";

/** What a store measures, what is missing, and the way there: five steps, the last by a second person. */
export function SitePolicyPage() {
  const { store, may } = usePlace();
  const now = useNow();
  useTitle("Site policy");
  const loaded = useLoad(`policy ${store.id}`, () => standing(store.id));
  const pack = useLoad("jurisdictions", jurisdictions);
  const past = useLoad(`policy history ${store.id}`, () => history(store.id));
  const { reload } = loaded;
  const reloadPast = past.reload;
  const changed = useCallback(() => (reload(), reloadPast()), [reload, reloadPast]);
  const running = useCoverage()?.on.join();
  useEffect(() => (running === undefined ? undefined : changed()), [running, changed]); // switched off meanwhile
  const policy = loaded.value;
  if (!policy) return loaded.error ? <Failure sentence={loaded.error} retry={reload} /> : null;
  const about = concerned(policy);
  const lacking = (...fields: Gap["field"][]) => distinct(policy.missing.filter((gap) => about.includes(gap.switch) && fields.includes(gap.field)));
  const write = may("policy:write");
  const denied = policy.place.verdict === "deny";
  const laterSteps = denied ? " step-waiting" : "";
  return (
    <div className="page page-policy">
      <header className="page-head">
        <h1>Site policy</h1>
        <a className="button" href={`/policy/${policy.public_id}`} target="_blank" rel="noreferrer" data-testid="public-page">
          <ExternalLink size={16} aria-hidden="true" />
          What visitors read
        </a>
      </header>
      <p className="page-note">Nothing measures a face, a gait or a look here until the four steps below are done and a second person approves. Alerts about behaviour need none of it.</p>
      {policy.demo && <p className="notice">This is the demonstration store, which only this machine can reach. Its sign, tests and papers are examples that say so; yours take the same steps.</p>}
      <LapseNotice here />
      <Switches policy={policy} onChanged={changed} />
      <Step number={1} title="Where the store stands" gaps={lacking("jurisdiction")}>
        <PlaceChoice policy={policy} pack={pack.value} write={write} onChanged={changed} />
      </Step>
      <Step number={2} title="The sign at the door" gaps={lacking("sign_photo")} className={laterSteps}>
        <Sign policy={policy} write={write} onChanged={changed} />
      </Step>
      <Step number={3} title="A test in this store" gaps={lacking("acceptance_test")} className={laterSteps}>
        <Acceptance policy={policy} write={write} onChanged={changed} />
      </Step>
      <Step number={4} title="Papers, and two people" gaps={lacking("legal_basis", "dpia_reference", "notice_text", "counsel_reference", "counsel_signed_on")} className={laterSteps}>
        <Papers key={`${policy.current.revision} ${policy.proposal?.id ?? ""}`} policy={policy} onChanged={changed} now={now} />
      </Step>
      <section className="panel" aria-label="History">
        <h2>History</h2>
        <ul className="policy-history">
          {(past.value ?? []).map((revision) => (
            <li key={revision.revision} data-testid="policy-revision">
              <span>
                <strong>{named(revision.switches)}</strong> · {CAUSE_WORDS[revision.cause]}
                {revision.reason && <small>{revision.reason}</small>}
              </span>
              <small>
                {revision.proposed_by && revision.cause === "approved" ? `${revision.proposed_by.username} proposed, ${revision.made_by?.username ?? "–"} approved` : (revision.made_by?.username ?? "PennyProtect")}
                {" · "}
                <time dateTime={revision.created_at}>{clock(revision.created_at, now)}</time>
              </small>
            </li>
          ))}
        </ul>
        {past.error && <Failure sentence={past.error} retry={past.reload} />}
      </section>
    </div>
  );
}

/** One step with what it still lacks. */
function Step({ number, title, gaps, className = "", children }: { number: number; title: string; gaps: Gap[]; className?: string; children: ReactNode }) {
  const done = gaps.length === 0;
  return (
    <section className={`panel step${className}`} aria-label={title} data-done={done}>
      <div className="step-head">
        <span className="step-mark" aria-hidden="true">
          {done ? <Check size={16} /> : number}
        </span>
        <h2>{title}</h2>
      </div>
      {gaps.length > 0 && (
        <ul className="step-gaps">
          {gaps.map((gap) => (
            <li key={gap.field + gap.why}>
              <TriangleAlert size={14} aria-hidden="true" />
              {gap.why}
            </li>
          ))}
        </ul>
      )}
      {children}
    </section>
  );
}

/** The three switches as they are; off is one press away. */
function Switches({ policy, onChanged }: { policy: Standing; onChanged: () => void }) {
  const { store, may } = usePlace();
  const [asking, setAsking] = useState<Switch | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const off = async (each: Switch) => {
    setBusy(true);
    setError(null);
    try {
      await switchOff(store.id, [each], "");
      onChanged();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setAsking(null);
    setBusy(false);
  };
  return (
    <section className="policy-switches" aria-label="What runs here">
      {SWITCHES.map((each) => {
        const on = policy.current.switches[each];
        return (
          <div key={each} className="panel policy-switch" data-on={on} data-testid={`switch-${each}`}>
            <div className="rule-head">
              <h2>{SWITCH_WORDS[each].name}</h2>
              <span className="switch-state">{on ? "On" : "Off"}</span>
            </div>
            <p className="quiet">{SWITCH_WORDS[each].what}</p>
            {on && may("policy:write") && (
              <button type="button" className="button" onClick={() => setAsking(each)}>
                Switch off now
              </button>
            )}
          </div>
        );
      })}
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      {asking && (
        <Confirm title={`Switch off ${SWITCH_WORDS[asking].name.toLowerCase()}?`} act="Switch off" busy={busy} onAct={() => void off(asking)} onCancel={() => setAsking(null)}>
          <p>It stops within five seconds. Switching it on again takes two people.</p>
        </Confirm>
      )}
    </section>
  );
}
