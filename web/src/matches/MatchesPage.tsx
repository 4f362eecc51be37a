import { useState } from "react";
import { Link } from "react-router";
import { sentenceFor } from "../api/problem";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { enrolledPicture, leads, liftSuspension, review, seenPicture, suspensions, type Lead, type Verdict } from "../watchlist/endpoints";
import { Asked } from "../watchlist/Asked";
import { Picture } from "../watchlist/Picture";
import { bandName, findingName, stateName, verdictName } from "../watchlist/words";
import { FalseMatches } from "./FalseMatches";
import { useLeadNews } from "./news";
import { byTrack, WalkSaid } from "./Walk";
import { t } from "./texts";

const WAITING = ["open", "second-review"];
const DECIDED = ["confirmed", "rejected", "undecided", "withdrawn"];
/** From where on the heuristic for photographs and screens warns; `bench faces` says how often it errs. */
const LIKELY_ATTACK = 0.5;
const PARTS: Readonly<Record<string, string>> = { get size() { return t("size"); }, get sharpness() { return t("sharpness"); }, get pose() { return t("looksToTheCamera"); }, get light() { return t("light"); }, get occlusion() { return t("uncovered"); } };
const VERDICTS: readonly Verdict[] = ["match", "not-a-match", "cannot-tell"];

/** Leads to review, side by side. A lead says that somebody may be the enrolled person, never what anybody did today. */
export function MatchesPage() {
  const { store, may } = usePlace();
  useTitle(t("leads"));
  const loaded = useLoad(`leads/${store.id}`, async () => {
    const [waiting, decided, stopped] = await Promise.all([leads(store.id, WAITING), leads(store.id, DECIDED), suspensions(store.id)]);
    return { waiting, decided, stopped };
  });
  const [error, setError] = useState<string | null>(null);
  useLeadNews(loaded.reload);
  const attempt = async (work: () => Promise<unknown>) => {
    setError(null);
    try {
      await work();
      loaded.reload();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
  };
  if (!loaded.value) return loaded.error ? <Failure sentence={loaded.error} retry={loaded.reload} /> : null;
  const { waiting, decided, stopped } = loaded.value;
  const entryNames = new Map([...waiting, ...decided].map((lead) => [lead.enrolment_id, t("entry2", { watchlistName: lead.watchlist_name, value: lead.enrolment_id.slice(-4) })]));
  return (
    <div className="page page-training page-leads">
      <header className="page-head">
        <h1>{t("leads")}</h1>
      </header>
      <p className="quiet">{t("aLeadIsNoFindingCompare")}</p>
      {error && (
        <p className="form-error" role="alert" data-testid="lead-error">
          {error}
        </p>
      )}
      {stopped.length > 0 && (
        <section className="panel" aria-label={t("suspended")}>
          <h2>{t("notMatchingForNow")}</h2>
          <ul className="tests">
            {stopped.map((each) => (
              <li key={each.id} data-testid="suspension">
                <span>
                  <strong>{each.enrolment_id ? t("anEntry") : each.camera_id ? t("aCamera") : t("theWholeStore")}</strong> {each.reason}
                </span>
                {may("watchlists:write") && (
                  <Asked label={t("letItMatchAgain")} placeholder={t("whyItMayMatchAgain")} act={(reason) => attempt(() => liftSuspension(each.id, reason))} testId="suspension-lift" />
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="panel" aria-label={t("toReview")}>
        <h2>{t("toReview")}</h2>
        {waiting.length === 0 && (
          <Empty title={t("noLeadWaits")}>
            <p>{t("whenACameraSeesSomebodyWho")}</p>
          </Empty>
        )}
        {byTrack(waiting).map((lead) => (
          <article key={lead.id} className="lead" data-testid="lead">
            <SideBySide lead={lead} pictures={may("matches:review")} />
            {may("matches:review") && !lead.reviewed_by_you && <ReviewForm onSay={(verdict, reason) => void attempt(() => review(lead.id, verdict, reason))} />}
            {lead.reviewed_by_you && <p className="quiet">{t("youReviewedThisLeadASecond")}</p>}
          </article>
        ))}
      </section>
      <section className="panel" aria-label={t("decided")}>
        <h2>{t("decided")}</h2>
        <ul className="tests">
          {decided.map((lead) => (
            <li key={lead.id} className="entry-row" data-testid="lead-decided" data-state={lead.state}>
              <span>
                <strong>{lead.person_name || (lead.state === "confirmed" ? t("confirmed") : t("lead"))}</strong> {lead.camera_name}, {new Date(lead.captured_at).toLocaleString()}
                {lead.reviews.map((each) => (
                  <small key={each.reviewed_by}>
                    {verdictName(each.verdict)}: {each.reason}
                  </small>
                ))}
              </span>
              <span className="verdict" data-verdict={lead.state === "confirmed" ? "deny" : "allow"}>
                {stateName(lead.state)}
              </span>
            </li>
          ))}
        </ul>
        {decided.length === 0 && <p className="quiet">{t("nothingWasDecidedYet")}</p>}
      </section>
      <FalseMatches entryNames={entryNames} state={[...waiting, ...decided].map(({ id, state }) => `${id} ${state}`).join()} />
    </div>
  );
}

function SideBySide({ lead, pictures }: { lead: Lead; pictures: boolean }) {
  return (
    <div className="side-by-side">
      <figure>
        <figcaption>
          <Link to={`/cameras/${lead.camera_id}`}>{t("seenBy", { cameraName: lead.camera_name })}</Link>
        </figcaption>
        {pictures && lead.has_picture ? <Picture load={() => seenPicture(lead.id)} alt={t("whatTheCameraSaw")} testId="lead-seen" /> : <p className="face-missing quiet">{t("noPictureWasKeptLookAt")}</p>}
      </figure>
      <figure>
        <figcaption>{t("enrolledOn", { watchlistName: lead.watchlist_name })}</figcaption>
        {pictures && <Picture load={() => enrolledPicture(lead.id)} alt={t("theEnrolledPicture")} testId="lead-enrolled" />}
      </figure>
      <dl>
        <dt>{t("score")}</dt>
        <dd>
          {bandName(lead.band)} <small>{t("thresholdNoProbability", { value: lead.match_score.toFixed(3), value2: lead.threshold.toFixed(3) })}</small>
        </dd>
        {Number(lead.evidence["attack"] ?? 0) >= LIKELY_ATTACK && (
          <>
            <dt>{t("warning")}</dt>
            <dd data-testid="lead-attack">{t("thisMayBeAPhotographOr")}</dd>
          </>
        )}
        {lead.evidence["look_alike"] === true && (
          <>
            <dt>{t("warning")}</dt>
            <dd>{t("anotherEnrolledPersonLooksAsSimilar")}</dd>
          </>
        )}
        <dt>{t("qualityOfWhatTheCameraSaw")}</dt>
        <dd>
          <Quality parts={lead.quality} />
        </dd>
        {lead.gait && (
          <>
            <dt>{t("walk")}</dt>
            <dd data-testid="lead-gait" data-verdict={lead.gait.verdict}>
              <WalkSaid gait={lead.gait} />
            </dd>
          </>
        )}
        <dt>{t("time")}</dt>
        <dd>{new Date(lead.captured_at).toLocaleString()}</dd>
      </dl>
    </div>
  );
}

/** Each part 0..1 as a meter with its name; low ones stand out. */
function Quality({ parts }: { parts: Lead["quality"] }) {
  const measured = Object.entries(parts).filter((each): each is [string, number] => typeof each[1] === "number");
  if (measured.length === 0) return <>{t("notMeasured")}</>;
  return (
    <ul className="quality">
      {measured.map(([name, part]) => (
        <li key={name}>
          <span>{PARTS[name] ?? findingName(name)}</span>
          <meter min={0} max={1} low={0.35} high={0.6} optimum={1} value={part} aria-label={PARTS[name] ?? name} />
          <small>{part.toFixed(2)}</small>
        </li>
      ))}
    </ul>
  );
}

function ReviewForm({ onSay }: { onSay: (verdict: Verdict, reason: string) => void }) {
  const [reason, setReason] = useState("");
  return (
    <div className="review">
      <label className="field">
        <span>{t("whatYouSee")}</span>
        <input required maxLength={1000} value={reason} placeholder={t("whichFeaturesAgreeWhichDoNot")} onChange={({ target }) => setReason(target.value)} data-testid="review-reason" />
      </label>
      <div className="form-actions">
        {VERDICTS.map((verdict) => (
          <button key={verdict} type="button" className="button" disabled={reason.trim() === ""} onClick={() => onSay(verdict, reason.trim())} data-testid={`review-${verdict}`}>
            {verdictName(verdict)}
          </button>
        ))}
      </div>
    </div>
  );
}
