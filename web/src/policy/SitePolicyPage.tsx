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
import { t } from "./texts";

/** What a store measures, what is missing, and the way there: five steps, the last by a second person. */
export function SitePolicyPage() {
  const { store, may } = usePlace();
  const now = useNow();
  useTitle(t("sitePolicy"));
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
        <h1>{t("sitePolicy")}</h1>
        <a className="button" href={`/policy/${policy.public_id}`} target="_blank" rel="noreferrer" data-testid="public-page">
          <ExternalLink size={16} aria-hidden="true" />
          {t("whatVisitorsRead")}
        </a>
      </header>
      <p className="page-note">{t("nothingMeasuresAFaceAGait")}</p>
      {policy.demo && <p className="notice">{t("thisIsTheDemonstrationStoreWhich")}</p>}
      <LapseNotice here />
      <Switches policy={policy} onChanged={changed} />
      <Step number={1} title={t("whereTheStoreStands")} gaps={lacking("jurisdiction")}>
        <PlaceChoice policy={policy} pack={pack.value} write={write} onChanged={changed} />
      </Step>
      <Step number={2} title={t("theSignAtTheDoor")} gaps={lacking("sign_photo")} className={laterSteps}>
        <Sign policy={policy} write={write} onChanged={changed} />
      </Step>
      <Step number={3} title={t("aTestInThisStore")} gaps={lacking("acceptance_test")} className={laterSteps}>
        <Acceptance policy={policy} write={write} onChanged={changed} />
      </Step>
      <Step number={4} title={t("papersAndTwoPeople")} gaps={lacking("legal_basis", "dpia_reference", "notice_text", "counsel_reference", "counsel_signed_on")} className={laterSteps}>
        <Papers key={`${policy.current.revision} ${policy.proposal?.id ?? ""}`} policy={policy} onChanged={changed} now={now} />
      </Step>
      <section className="panel" aria-label={t("history")}>
        <h2>{t("history")}</h2>
        <ul className="policy-history">
          {(past.value ?? []).map((revision) => (
            <li key={revision.revision} data-testid="policy-revision">
              <span>
                <strong>{named(revision.switches)}</strong> · {CAUSE_WORDS[revision.cause]}
                {revision.reason && <small>{revision.reason}</small>}
              </span>
              <small>
                {revision.proposed_by && revision.cause === "approved" ? t("proposedApproved", { username: revision.proposed_by.username, username2: revision.made_by?.username ?? "–" }) : (revision.made_by?.username ?? "PennyProtect")}
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
    <section className="policy-switches" aria-label={t("whatRunsHere")}>
      {SWITCHES.map((each) => {
        const on = policy.current.switches[each];
        return (
          <div key={each} className="panel policy-switch" data-on={on} data-testid={`switch-${each}`}>
            <div className="rule-head">
              <h2>{SWITCH_WORDS[each].name}</h2>
              <span className="switch-state">{on ? t("on") : t("off")}</span>
            </div>
            <p className="quiet">{SWITCH_WORDS[each].what}</p>
            {on && may("policy:write") && (
              <button type="button" className="button" onClick={() => setAsking(each)}>
                {t("switchOffNow")}
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
        <Confirm title={t("switchOff", { toLowerCase: SWITCH_WORDS[asking].name.toLowerCase() })} act={t("switchOff2")} busy={busy} onAct={() => void off(asking)} onCancel={() => setAsking(null)}>
          <p>{t("itStopsWithinFiveSecondsSwitching")}</p>
        </Confirm>
      )}
    </section>
  );
}
