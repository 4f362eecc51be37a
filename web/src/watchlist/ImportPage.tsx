import { useEffect, useRef, useState } from "react";
import { sentenceFor } from "../api/problem";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { readRows, watchlists, type ImportRow, type Refused } from "./endpoints";
import { importRows, type Report } from "./importing";
import { categoryName } from "./words";

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
  useTitle("Import people");
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
        <h1>Import people</h1>
      </header>
      {lists.length === 0 ? (
        <Empty title="This store has no list yet">
          <p>Make one on the page of watchlists first.</p>
        </Empty>
      ) : (
        <>
          <section className="panel" aria-label="Files">
            <h2>1. The file and its pictures</h2>
            <label className="field">
              <span>List</span>
              <select value={chosen} disabled={busy} onChange={({ target }) => (setList(target.value), setReading(null), setOutcome(null))} data-testid="import-list">
                {lists.map((each) => (
                  <option key={each.id} value={each.id}>
                    {each.name} ({categoryName(each.category)})
                  </option>
                ))}
              </select>
            </label>
            <label className="field">
              <span>CSV file (UTF-8), a person a row</span>
              <input key={chosen} type="file" accept=".csv,text/csv" disabled={busy} onChange={({ target }) => void read(target.files?.[0])} data-testid="import-csv" />
            </label>
            <label className="field">
              <span>Pictures, as many as you like</span>
              <input type="file" multiple accept="image/jpeg,image/png" disabled={busy} onChange={({ target }) => (setPictures([...(target.files ?? [])]), setOutcome(null))} data-testid="import-pictures" />
            </label>
            <details>
              <summary>What columns the file needs</summary>
              <p className="quiet">
                <code>{COLUMNS}</code>
              </p>
              <p className="quiet">
                These may be left out: <code>{MORE_COLUMNS}</code>. Either the day and way the person was told, or why not, has to be there.
              </p>
            </details>
            {error && (
              <p className="form-error" role="alert" data-testid="import-error">
                {error}
              </p>
            )}
          </section>
          {reading && (
            <section className="panel" aria-label="Try and propose">
              <h2>2. Try it, then propose</h2>
              <p data-testid="import-read">
                {count(reading.rows.length, "row")} can be used, {reading.refused.length} cannot; {count(pictures.length, "picture")} chosen.
              </p>
              <p className="quiet">Trying looks at every picture and stores nothing. Proposing puts each person who passes before another person, who approves one by one.</p>
              <div className="form-actions">
                <button type="button" className="button" disabled={busy || reading.rows.length === 0} onClick={() => void run(true)} data-testid="import-try">
                  Try without storing
                </button>
                <button type="button" className="button button-primary" disabled={busy || !outcome?.dry || outcome.stopped || outcome.accepted.length === 0} onClick={() => void run(false)} data-testid="import-propose">
                  {outcome?.dry ? `Propose ${outcome.accepted.length}` : "Propose"}
                </button>
                {busy && (
                  <button type="button" className="button button-quiet" onClick={() => (stop.current = true)} data-testid="import-stop">
                    Stop
                  </button>
                )}
              </div>
              {busy && (
                <p role="status">
                  <progress max={reading.rows.length} value={done} aria-label="Rows done" /> {done} of {reading.rows.length}
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
  const download = () => {
    const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const lines = [["line", "picture", "why"], ...refused.map(({ line, picture, why }) => [String(line), picture, why])];
    const address = URL.createObjectURL(new Blob([lines.map((each) => each.map(cell).join(",")).join("\r\n")], { type: "text/csv" }));
    Object.assign(document.createElement("a"), { href: address, download: "refused-rows.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };
  return (
    <section className="panel" aria-label="Outcome" data-testid="import-outcome">
      <h2>3. {dry ? "What would happen" : "What happened"}</h2>
      <p role="status">
        <strong>{accepted.length}</strong> of {rows} {dry ? "would be proposed" : "were proposed"}, <strong>{refused.length}</strong> {dry ? "would be" : "were"} refused.
        {stopped && " It was stopped; the rows after that were not looked at."}
      </p>
      {!dry && accepted.length > 0 && <p className="quiet">They wait on the page of watchlists for another person.</p>}
      {refused.length > 0 && (
        <>
          <table className="report">
            <thead>
              <tr>
                <th scope="col">Line</th>
                <th scope="col">Picture</th>
                <th scope="col">Why it is refused</th>
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
              Save this report
            </button>
          </div>
        </>
      )}
    </section>
  );
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;
