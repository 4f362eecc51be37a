import { useState, type FormEvent } from "react";
import type { Id } from "../api/types";
import { AnswerForm } from "../parts/AnswerForm";
import { saveAs } from "../parts/save";
import { Problem, useAct } from "../security/parts";
import { Failure } from "../shell/Empty";
import { useLoad, useNow } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock, humanise } from "../text/format";
import { entryPicture } from "../watchlist/endpoints";
import { Picture } from "../watchlist/Picture";
import { addEntry, answer, erase, exportHeld, extend, proof, removeEntry, request, searchByPhoto, type FaceSearch } from "./endpoints";
import { FootageList } from "./FootageList";
import { OUTCOME_WORDS, outcomes } from "./words";
import { t } from "./texts";

/** One request at work: find, say which entries are theirs, hand over or erase, answer, prove. */
export function RequestPanel({ id, changed }: { id: Id; changed: () => void }) {
  const { may } = usePlace();
  const { value, error, loading, reload } = useLoad(`data-request-${id}`, () => request(id));
  const now = useNow(60_000);
  const act = useAct();
  const erasing = value?.footage.some(({ state }) => state === "due") ?? false;
  if (value === null) return error ? <Failure sentence={error} retry={reload} /> : null;
  const { request: one, contact, entries, footage } = value;
  const writes = may("data-requests:write");
  const open = one.state === "open";
  const possible = outcomes(one.kind, value, one);
  return (
    <div className="stack complaint-file">
      <p className="quiet">{contact ? t("from", { contact }) : t("nobodySaidWhoAsks")}</p>
      {one.extended_days > 0 && (
        <p className="quiet">
          {t("moreDays", { extendedDays: one.extended_days, extensionReason: one.extension_reason })}
        </p>
      )}
      {one.answer && <p>{one.answer}</p>}
      {open && writes && <FindByPhoto id={id} known={entries.map(({ enrolment_id }) => enrolment_id)} changed={reload} />}
      {entries.length > 0 && (
        <section>
          <h3>{t("entriesThatAreTheirs")}</h3>
          <ul className="rows">
            {entries.map((each) => (
              <li key={each.enrolment_id} className="channel-row" data-testid="request-entry">
                <div>
                  <strong>{humanise(each.category)}</strong> <span className="tag">{each.erased ? t("erased2") : each.state}</span>
                  <small>{t("entered", { enrolledAt: clock(each.enrolled_at, now) })}</small>
                </div>
                {open && writes && !each.erased && (
                  <button type="button" className="button button-small" disabled={act.busy} onClick={() => void act.run(() => removeEntry(id, each.enrolment_id).then(reload))}>
                    {t("notTheirs")}
                  </button>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      <FootageList file={value} decides={open && writes} changed={reload} />
      {/* Each look is an entry of the audit, so nothing looks by itself. */}
      {erasing && (
        <div className="form-actions">
          <button type="button" className="button button-small" disabled={loading} data-testid="request-look-again" onClick={reload}>
            {t("lookAgain")}
          </button>
          <small>{t("footageIsErasedWithinMinutes")}</small>
        </div>
      )}
      {open && writes && (
        <div className="form-actions">
          {(entries.length > 0 || footage.length > 0) && (
            <button type="button" className="button" disabled={act.busy} data-testid="request-export" onClick={() => void act.run(() => exportHeld(id).then((blob) => saveAs(blob, `held-${id}.zip`)).then(reload))}>
              {t("saveWhatIsHeld")}
            </button>
          )}
          {one.kind === "erasure" && (entries.some(({ erased }) => !erased) || footage.some(({ state }) => state === "theirs")) && (
            <button type="button" className="button button-danger" disabled={act.busy} data-testid="request-erase" onClick={() => void act.run(() => erase(id).then(reload))}>
              {t("eraseWhatIsTheirsInEvery")}
            </button>
          )}
          {one.extended_days === 0 && <Extend id={id} changed={changed} />}
        </div>
      )}
      {!open && writes && (
        <div className="form-actions">
          <button type="button" className="button" disabled={act.busy} data-testid="request-proof" onClick={() => void act.run(async () => saveAs(await proof(id), `proof-${id}.zip`))}>
            {t("saveTheSignedProof")}
          </button>
        </div>
      )}
      <Problem sentence={act.error} />
      {open && writes && <AnswerForm testId="request" outcomes={possible} words={OUTCOME_WORDS} answer={(outcome, words) => answer(id, outcome, words).then(changed)} />}
    </div>
  );
}

/** The photo is compared and forgotten: nothing of it is stored, here or on the server. */
function FindByPhoto({ id, known, changed }: { id: Id; known: readonly Id[]; changed: () => void }) {
  const [found, setFound] = useState<FaceSearch | null>(null);
  const { busy, error, run } = useAct();
  const choose = (photo: File | undefined) => {
    if (photo)
      void run(async () => {
        setFound(await searchByPhoto(id, photo));
        changed();
      });
  };
  const fresh = found?.candidates.filter(({ enrolment_id }) => !known.includes(enrolment_id)) ?? [];
  return (
    <section className="stack">
      <label className="field">
        <span>{t("findThemByAPhotoThat")}</span>
        <input type="file" accept="image/jpeg,image/png" disabled={busy} data-testid="request-photo" onChange={({ target }) => choose(target.files?.[0])} />
      </label>
      {busy && <p className="quiet">{t("comparing")}</p>}
      <Problem sentence={error} />
      {found && (
        <p className="quiet" data-testid="request-found">
          {found.templates === 0 ? t("noFaceIsHeldInThis") : t("comparedWithFacesThatMayBe", { templates: found.templates - found.not_compared, candidates: found.candidates.length || "none" })}
          {found.not_compared > 0 && (" " + t("wereMadeByAnotherModelAnd", { notCompared: found.not_compared }))}
        </p>
      )}
      <ul className="candidates">
        {fresh.map((each) => (
          <li key={each.enrolment_id} className="panel" data-testid="request-candidate">
            <Picture load={() => entryPicture(each.enrolment_id)} alt={t("theEnrolledPicture")} />
            <strong>{each.likely ? t("likely") : t("perhaps")}</strong>
            <small>
              {humanise(each.category)}, {each.state}
            </small>
            <button type="button" className="button button-small" disabled={busy} data-testid="request-theirs" onClick={() => void run(() => addEntry(id, each.enrolment_id).then(changed))}>
              {t("thisIsThem")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Extend({ id, changed }: { id: Id; changed: () => void }) {
  const [asked, setAsked] = useState(false);
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAct();
  if (!asked)
    return (
      <button type="button" className="button button-quiet" onClick={() => setAsked(true)}>
        {t("moreTime")}
      </button>
    );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(() => extend(id, 60, reason.trim()).then(changed));
  };
  return (
    <form className="channel-fields" onSubmit={submit} aria-label={t("moreTime2")}>
      <label className="field channel-address">
        <span>{t("whyItTakes60DaysMore")}</span>
        <input value={reason} required maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </label>
      <button type="submit" className="button button-small" disabled={busy || !reason.trim()}>
        {t("takeMoreTime")}
      </button>
      <Problem sentence={error} />
    </form>
  );
}
