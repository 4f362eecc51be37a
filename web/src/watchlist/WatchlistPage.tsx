import { useState } from "react";
import { Link } from "react-router";
import { sentenceFor } from "../api/problem";
import { Empty, Failure } from "../shell/Empty";
import { LapseNotice, ListsOutgrow } from "../policy/Coverage";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { addWatchlist, approve, entries, entryPicture, erase, incidents, namesAt, proposeDraft, reject, watchlists, type Category, type Entry, type Watchlist } from "./endpoints";
import { Asked } from "./Asked";
import { Enrol } from "./Enrol";
import { EntryWalk } from "./Gait";
import { LookAlikes } from "./LookAlikes";
import { Picture } from "./Picture";
import { Renew } from "./Renew";
import { ageText, byMonth, calendar, categoryName, daysLeft, findingName, monthName, noticeText, overdue, pictureFrom, receiptText } from "./words";
import { t } from "./texts";

/** Who is on this store's lists: what waits for a second person, what stands, and when it ends. */
export function WatchlistPage() {
  const { me, store, may } = usePlace();
  useTitle(t("watchlists"));
  const loaded = useLoad(`watchlists/${store.id}`, async () => {
    const [lists, listed, names] = await Promise.all([watchlists(store.id), entries(store.id), namesAt(store.id)]);
    return { lists, listed, names, cases: may("incidents:read") ? await incidents(store.id) : [] };
  });
  const [error, setError] = useState<string | null>(null);
  const [proof, setProof] = useState<string | null>(null);
  const [enrolling, setEnrolling] = useState(false);
  const attempt = async (work: () => Promise<unknown>) => {
    setError(null);
    setProof(null);
    try {
      await work();
      loaded.reload();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
  };
  if (!loaded.value) return loaded.error ? <Failure sentence={loaded.error} retry={loaded.reload} /> : null;
  const { lists, listed, names, cases } = loaded.value;
  const whose = ({ person_id }: Entry) => names.get(person_id) || t("nameNotKnown");
  const because = ({ incident_id }: Entry) => cases.find(({ id }) => id === incident_id)?.title ?? t("incident");
  const drafts = listed.filter(({ state, enrolled_by }) => state === "draft" && enrolled_by === me.id);
  const waiting = listed.filter(({ state, renewal }) => state === "proposed" || renewal !== null);
  const standing = listed.filter(({ state }) => state === "approved");
  const nameOf = (id: string) => lists.find((list) => list.id === id)?.name ?? t("anotherStoreSList");
  return (
    <div className="page page-training page-watchlist">
      <header className="page-head">
        <h1>{t("watchlists")}</h1>
        {may("enrolments:write") && (
          <button type="button" className="button button-primary" disabled={lists.length === 0 || cases.length === 0} onClick={() => setEnrolling(true)} data-testid="enrol-open">
            {t("enrolSomebody")}
          </button>
        )}
      </header>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      {proof && (
        <p className="notice" role="status" data-testid="erase-proof">
          {proof}
        </p>
      )}
      <LapseNotice />
      <ListsOutgrow />
      {may("enrolments:write") && (lists.length === 0 || cases.length === 0) && (
        <p className="notice" data-testid="enrol-needs">
          {lists.length === 0 ? t("nobodyCanBeEnrolledYetAdd") : t("nobodyCanBeEnrolledYetAn")}
        </p>
      )}
      {drafts.length > 0 && (
        <section className="panel" aria-label={t("drafts")}>
          <h2>{t("yourDrafts")}</h2>
          <ul className="tests entries">
            {drafts.map((entry) => (
              <li key={entry.id} data-testid="entry-draft">
                <Picture load={() => entryPicture(entry.id)} alt={t("enrolledPicture")} />
                <EntryFacts entry={entry} list={nameOf(entry.watchlist_id)} name={whose(entry)} incident={because(entry)} />
                <button type="button" className="button" onClick={() => void attempt(() => proposeDraft(entry.id))}>
                  {t("propose")}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="panel" aria-label={t("waitingForApproval")}>
        <h2>{t("waitingForASecondPerson")}</h2>
        {waiting.length === 0 && <p className="quiet">{t("nothingWaits")}</p>}
        <ul className="tests entries">
          {waiting.map((entry) => (
            <li key={entry.id} data-testid="entry-waiting">
              <Picture load={() => entryPicture(entry.id)} alt={t("enrolledPicture")} />
              <EntryFacts entry={entry} list={nameOf(entry.watchlist_id)} name={whose(entry)} incident={because(entry)} />
              <Decide entry={entry} own={[entry.enrolled_by, entry.renewal?.proposed_by].includes(me.id)} may={may("enrolments:approve")} attempt={attempt} />
            </li>
          ))}
        </ul>
      </section>
      <section className="panel" aria-label={t("onTheLists")}>
        <h2>{t("onTheListsByTheMonth")}</h2>
        {standing.length === 0 && (
          <Empty title={t("nobodyIsOnAListOf")}>
            <p>{t("anEntryRestsOnAnIncident")}</p>
          </Empty>
        )}
        {standing.length > 0 && <Calendar entries={standing} />}
        {byMonth(standing).map(([month, each]) => (
          <div key={month} className="month" id={`month-${month}`}>
            <h3>{monthName(month)}</h3>
            <ul className="tests entries">
              {each.map((entry) => (
                <li key={entry.id} data-testid="entry-standing">
                  <Picture load={() => entryPicture(entry.id)} alt={t("enrolledPicture")} />
                  <EntryFacts entry={entry} list={nameOf(entry.watchlist_id)} name={whose(entry)} incident={because(entry)} />
                  <span className="entry-acts">
                    <EntryWalk entry={entry} />
                    {may("enrolments:write") && entry.renewal === null && <Renew entry={entry} done={loaded.reload} />}
                    {may("enrolments:write") && (
                      <Asked label={t("erase")} placeholder={t("whyItIsErased")} act={(reason) => attempt(async () => setProof(receiptText((await erase(entry.id, reason)).receipt)))} testId="entry-erase" />
                    )}
                  </span>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </section>
      <section className="panel" aria-label={t("lists")}>
        <h2>{t("lists")}</h2>
        <ul className="tests">
          {lists.map((list) => (
            <li key={list.id} data-testid="watchlist">
              <span>
                <strong>{list.name}</strong>
                <small>
                  {categoryName(list.category)}. {list.purpose}
                </small>
              </span>
            </li>
          ))}
        </ul>
        {may("watchlists:write") && <NewList add={(name, category, purpose) => attempt(() => addWatchlist(store.id, name, category, purpose))} />}
      </section>
      {enrolling && (
        <Enrol
          store={store.id}
          lists={lists}
          incidents={cases}
          onClose={() => setEnrolling(false)}
          onDone={() => {
            setEnrolling(false);
            loaded.reload();
          }}
        />
      )}
    </div>
  );
}

/** The next twelve months: how many entries end, how many are looked at again. */
function Calendar({ entries }: { entries: readonly Entry[] }) {
  return (
    <ol className="calendar" aria-label={t("endsAndReviewsByMonth")} data-testid="expiry-calendar">
      {calendar(entries, new Date()).map(({ month, ends, reviews }) => (
        <li key={month} data-any={ends + reviews > 0}>
          <strong>{monthName(month)}</strong>
          <span>{ends === 0 ? t("noEnd") : <a href={`#month-${month}`}>{ends === 1 ? t("n1Ends") : t("end", { ends })}</a>}</span>
          <span>{reviews === 0 ? t("noReview") : reviews === 1 ? t("n1Review") : t("reviews", { reviews })}</span>
        </li>
      ))}
    </ol>
  );
}

function EntryFacts({ entry, list, name, incident }: { entry: Entry; list: string; name: string; incident: string }) {
  return (
    <span>
      <strong data-testid="entry-name">{name}</strong> {list}: {entry.reason}
      <small data-testid="entry-grounds">
        <Link to={`/incidents/${entry.incident_id}`}>{incident}</Link> · {pictureFrom(entry.source)}: {entry.evidence}
      </small>
      <small>
        {ageText(entry)} {noticeText(entry)}
      </small>
      <small data-testid="entry-term">
        {t("lookedAtAgainOnEndsOn", { reviewOn: entry.review_on, value: entry.expires_at.slice(0, 10), expiresAt: daysLeft(entry.expires_at, new Date()) })}
      </small>
      {entry.state === "approved" && overdue(entry.review_on, new Date()) && (
        <small className="overdue" data-testid="entry-overdue">
          {t("shouldHaveBeenLookedAtAgain")}
        </small>
      )}
      {entry.findings.length > 0 && (
        <small data-testid="entry-findings">
          {t("thePictureHasShortcomingsReason", { value: entry.findings.map(findingName).join(", "), overrideReason: entry.override_reason })}
        </small>
      )}
      {(entry.under_18 || entry.vulnerable) && <small>{t("excludedPersonException", { exceptionReason: entry.exception_reason })}</small>}
      {entry.state === "proposed" && <LookAlikes of={entry.look_alikes} />}
      {entry.renewal && <small>{t("renewalUntil", { value: entry.renewal.expires_at.slice(0, 10), reason: entry.renewal.reason })}</small>}
    </span>
  );
}

function Decide({ entry, own, may, attempt }: { entry: Entry; own: boolean; may: boolean; attempt: (work: () => Promise<unknown>) => Promise<void> }) {
  if (!may) return null;
  return (
    <span className="entry-acts">
      {own ? (
        <small className="quiet">{t("youProposedThisSomebodyElseApproves")}</small>
      ) : (
        <button type="button" className="button button-primary" onClick={() => void attempt(() => approve(entry.id, entry.findings.length > 0))} data-testid="entry-approve">
          {entry.findings.length > 0 ? t("approveInSpiteOfTheShortcomings") : t("approve")}
        </button>
      )}
      <Asked label={t("reject")} placeholder={t("whyItIsRejected")} act={(reason) => attempt(() => reject(entry.id, reason))} testId="entry-reject" />
    </span>
  );
}

function NewList({ add }: { add: (name: string, category: Category, purpose: string) => void }) {
  const [draft, setDraft] = useState<Pick<Watchlist, "name" | "category" | "purpose">>({ name: "", category: "violence", purpose: "" });
  const categories: readonly Category[] = ["violence", "weapon", "organised-theft", "exclusion-order"];
  return (
    <form className="test-form" onSubmit={(event) => (event.preventDefault(), add(draft.name, draft.category, draft.purpose), setDraft({ ...draft, name: "", purpose: "" }))}>
      <label className="field">
        <span>{t("newList")}</span>
        <input required maxLength={200} value={draft.name} onChange={({ target }) => setDraft({ ...draft, name: target.value })} data-testid="list-name" />
      </label>
      <label className="field">
        <span>{t("category")}</span>
        <select value={draft.category} onChange={({ target }) => setDraft({ ...draft, category: target.value as Category })}>
          {categories.map((each) => (
            <option key={each} value={each}>
              {categoryName(each)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("whatItIsFor")}</span>
        <input required maxLength={2000} value={draft.purpose} onChange={({ target }) => setDraft({ ...draft, purpose: target.value })} data-testid="list-purpose" />
      </label>
      <div className="form-actions">
        <button type="submit" className="button" data-testid="list-add">
          {t("addTheList")}
        </button>
      </div>
    </form>
  );
}
