import { useEffect, useRef, useState } from "react";
import { sentenceFor } from "../api/problem";
import { saveCsv } from "../parts/csv";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { readRows, watchlists, type ImportRow, type Refused } from "./endpoints";
import { importRows, type Report } from "./importing";
import { categoryName } from "./words";
import { t } from "./texts";

const COLUMNS = "picture, reason, incident_id, source, evidence, review_on, expires_at, under_18, vulnerable, age_basis";
const MORE_COLUMNS = "name, category, exception_reason, notice_given_on, notice_how, notice_withheld, override_reason";

interface Reading {
  rows: ImportRow[];
  refused: Refused[];
}

interface Outcome extends Report {
  dry: boolean;
  stopped: boolean;
}

/** A CSV file and its pictures: read, tried without storing anything, then proposed. Another person approves each entry. */
export function ImportPage() {
  const { store } = usePlace();
  useTitle(t("importPeople"));
  const loaded = useLoad(`import/${store.id}`, () => watchlists(store.id));
  const [list, setList] = useState("");
  const [pictures, setPictures] = useState<File[]>([]);
  const [reading, setReading] = useState<Reading | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [done, setDone] = useState<number | null>(null);
  const [error, setError] = useState<string | null>(null);
  const stop = useRef(false);
  useEffect(() => () => void (stop.current = true), [store.id]); // nobody would see the rest of the report
  const lists = loaded.value;
  if (!lists) return loaded.error ? <Failure sentence={loaded.error} retry={loaded.reload} /> : null;
  const chosen = list || (lists[0]?.id ?? "");
  const busy = done !== null;

  const read = async (csv: File | undefined) => {
    setReading(null);
    setOutcome(null);
    setError(null);
    if (!csv) return;
    try {
      setReading(await readRows(chosen, csv));
    } catch (reason) {
      setError(sentenceFor(reason));
    }
  };
  const run = async (dry: boolean) => {
    if (!reading) return;
    stop.current = false;
    setOutcome(null);
    setDone(0);
    const progress = (count: number) => (setDone(count), !stop.current);
    const report = await importRows({ store: store.id, list: chosen, rows: reading.rows, files: pictures, dry, progress });
    setOutcome({ ...report, refused: [...reading.refused, ...report.refused].sort((a, b) => a.line - b.line), dry, stopped: stop.current });
    setDone(null);
  };
  return (
    <div className="page page-training page-import">
      <header className="page-head">
        <h1>{t("importPeople")}</h1>
      </header>
      {lists.length === 0 ? (
        <Empty title={t("thisStoreHasNoListYet")}>
          <p>{t("makeOneOnThePageOf")}</p>
        </Empty>
      ) : (
        <>
          <section className="panel" aria-label={t("files")}>
            <h2>{t("n1TheFileAndItsPictures")}</h2>
            <label className="field">
              <span>{t("list")}</span>
              <select value={chosen} disabled={busy} onChange={({ target }) => (setList(target.value), setReading(null), setOutcome(null))} data-testid="import-list">
                {lists.map((each) => (
                  <option key={each.id} value={each.id}>
                    {each.name} ({categoryName(each.category)})
                  </option>
                ))}
              </select>
            </label>
            <label className="field">
              <span>{t("csvFileUtf8APerson")}</span>
              <input key={chosen} type="file" accept=".csv,text/csv" disabled={busy} onChange={({ target }) => void read(target.files?.[0])} data-testid="import-csv" />
            </label>
            <label className="field">
              <span>{t("picturesAsManyAsYouLike")}</span>
              <input type="file" multiple accept="image/jpeg,image/png" disabled={busy} onChange={({ target }) => (setPictures([...(target.files ?? [])]), setOutcome(null))} data-testid="import-pictures" />
            </label>
            <details>
              <summary>{t("whatColumnsTheFileNeeds")}</summary>
              <p className="quiet">
                <code>{COLUMNS}</code>
              </p>
              <p className="quiet">
                {t("theseMayBeLeftOut")}{" "}<code>{MORE_COLUMNS}</code>{t("eitherTheDayAndWayThe")}
              </p>
            </details>
            {error && (
              <p className="form-error" role="alert" data-testid="import-error">
                {error}
              </p>
            )}
          </section>
          {reading && (
            <section className="panel" aria-label={t("tryAndPropose")}>
              <h2>{t("n2TryItThenPropose")}</h2>
              <p data-testid="import-read">
                {t("canBeUsedCannotChosen", { rows: count(reading.rows.length, "row"), refused: reading.refused.length, pictures: count(pictures.length, "picture") })}
              </p>
              <p className="quiet">{t("tryingLooksAtEveryPictureAnd")}</p>
              <div className="form-actions">
                <button type="button" className="button" disabled={busy || reading.rows.length === 0} onClick={() => void run(true)} data-testid="import-try">
                  {t("tryWithoutStoring")}
                </button>
                <button type="button" className="button button-primary" disabled={busy || !outcome?.dry || outcome.stopped || outcome.accepted.length === 0} onClick={() => void run(false)} data-testid="import-propose">
                  {outcome?.dry ? t("propose2", { accepted: outcome.accepted.length }) : t("propose")}
                </button>
                {busy && (
                  <button type="button" className="button button-quiet" onClick={() => (stop.current = true)} data-testid="import-stop">
                    {t("stop")}
                  </button>
                )}
              </div>
              {busy && (
                <p role="status">
                  <progress max={reading.rows.length} value={done} aria-label={t("rowsDone")} />{" "}{t("of", { done, rows: reading.rows.length })}
                </p>
              )}
            </section>
          )}
          {outcome && reading && <Outcomes outcome={outcome} rows={reading.rows.length + reading.refused.length} />}
        </>
      )}
    </div>
  );
}

function Outcomes({ outcome, rows }: { outcome: Outcome; rows: number }) {
  const { accepted, refused, dry, stopped } = outcome;
  const download = () => saveCsv("refused-rows.csv", [["line", "picture", "why"], ...refused.map(({ line, picture, why }) => [line, picture, why])]);
  return (
    <section className="panel" aria-label={t("outcome")} data-testid="import-outcome">
      <h2>3. {dry ? t("whatWouldHappen") : t("whatHappened")}</h2>
      <p role="status">
        <strong>{accepted.length}</strong>{" "}{t("of2", { rows })}{" "}{dry ? t("wouldBeProposed") : t("wereProposed")}, <strong>{refused.length}</strong> {dry ? t("wouldBe") : t("were")}{" "}{t("refused")}
        {stopped && (" " + t("itWasStoppedTheRowsAfter"))}
      </p>
      {!dry && accepted.length > 0 && <p className="quiet">{t("theyWaitOnThePageOf")}</p>}
      {refused.length > 0 && (
        <>
          <table className="report">
            <thead>
              <tr>
                <th scope="col">{t("line")}</th>
                <th scope="col">{t("picture")}</th>
                <th scope="col">{t("whyItIsRefused")}</th>
              </tr>
            </thead>
            <tbody>
              {refused.map((each) => (
                <tr key={each.line} data-testid="import-refused">
                  <td>{each.line}</td>
                  <td>{each.picture}</td>
                  <td>{each.why}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <div className="form-actions">
            <button type="button" className="button" onClick={download}>
              {t("saveThisReport")}
            </button>
          </div>
        </>
      )}
    </section>
  );
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;
