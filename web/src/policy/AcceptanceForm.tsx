import { useState, type FormEvent } from "react";
import { sentenceFor } from "../api/problem";
import { useCameras } from "../cameras/cameras";
import { usePlace } from "../shell/stores";
import { recordTest, type Switch } from "./endpoints";
import { COUNTS, LIGHTS, mistake, ofReport, rate, sum, type Counts, type Passes } from "./passes";
import { SWITCH_WORDS, SWITCHES, today } from "./words";

const HEADS: Readonly<Record<keyof Counts, string>> = { strangers: "Strangers passed", false_matches: "… taken for somebody", enrolled: "Listed people passed", misses: "… missed" };
const SPOKEN: Readonly<Record<keyof Counts, string>> = { strangers: "Strangers passed", false_matches: "Strangers taken for somebody", enrolled: "Listed people passed", misses: "Listed people missed" };

/** The acceptance test step by step: who walks, what is counted, what it proves, and the record. */
export function AcceptanceForm({ onDone, onCancel }: { onDone: () => void; onCancel: () => void }) {
  const { store } = usePlace();
  const { list } = useCameras();
  const fresh = (camera: string, light: string): Passes => ({ camera, light, strangers: 0, false_matches: 0, enrolled: 0, misses: 0 });
  const [rows, setRows] = useState<Passes[]>(() => (list.length ? list.map(({ name }) => fresh(name, "day")) : [fresh("", "day")]));
  const [report, setReport] = useState<(Counts & { cameras: number }) | null>(null);
  const [draft, setDraft] = useState({ switch: "face" as Switch, performed_on: today(), performed_by: "", report_reference: "", passed: false });
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const counts = report ?? sum(rows);
  const wrong = mistake(counts);
  const change = (at: number, edit: Partial<Passes>) => setRows(rows.map((row, index) => (index === at ? { ...row, ...edit } : row)));
  const read = async (file: File | undefined) => {
    setError(null);
    if (!file) return setReport(null);
    const found = ofReport(await file.text());
    if (found === null) return setError(`${file.name} is no report of \`pennyprotect bench acceptance --json\`.`);
    setReport({ cameras: found.cameras, strangers: found.strangers, false_matches: found.false_matches, enrolled: found.enrolled, misses: found.misses });
    setDraft({ ...draft, performed_on: found.performed_on, report_reference: draft.report_reference || file.name });
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const { cameras: number, strangers, false_matches, enrolled, misses } = counts;
      await recordTest(store.id, { ...draft, cameras: Math.max(1, number), strangers, false_matches, enrolled, misses });
      onDone();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  return (
    <form className="acceptance" onSubmit={(event) => void save(event)} data-testid="acceptance-form">
      <section>
        <h3>1. Let people walk past</h3>
        <ol className="quiet">
          <li>Put some volunteers on a list of the test, each with one good picture.</li>
          <li>Let them, and many more who are on no list, walk past each camera, in each light in which it will work.</li>
          <li>Count below. Or let whoever runs the servers measure their pictures with <code>pennyprotect bench acceptance</code>, and choose its report.</li>
        </ol>
        <div className="place-line">
          <label className="field">
            <span>What is tested</span>
            <select value={draft.switch} onChange={({ target }) => setDraft({ ...draft, switch: target.value as Switch })}>
              {SWITCHES.map((each) => (
                <option key={each} value={each}>
                  {SWITCH_WORDS[each].name}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>Report of the benchmark, if there is one</span>
            <input type="file" accept=".json,application/json" onChange={({ target }) => void read(target.files?.[0])} data-testid="acceptance-report" />
          </label>
        </div>
      </section>
      {report === null && (
        <section>
          <h3>2. Count, by camera and light</h3>
          <div className="wide-table">
            <table className="report">
              <thead>
                <tr>
                  <th scope="col">Camera</th>
                  <th scope="col">Light</th>
                  {COUNTS.map((each) => (
                    <th key={each} scope="col">
                      {HEADS[each]}
                    </th>
                  ))}
                  <th scope="col" />
                </tr>
              </thead>
              <tbody>
                {rows.map((row, at) => (
                  <tr key={at} data-testid="acceptance-row">
                    <td>
                      <input required maxLength={200} value={row.camera} aria-label={`Camera of row ${at + 1}`} onChange={({ target }) => change(at, { camera: target.value })} />
                    </td>
                    <td>
                      <select value={row.light} aria-label={`Light of row ${at + 1}`} onChange={({ target }) => change(at, { light: target.value })}>
                        {LIGHTS.map((each) => (
                          <option key={each}>{each}</option>
                        ))}
                      </select>
                    </td>
                    {COUNTS.map((each) => (
                      <td key={each}>
                        <input type="number" required min={0} value={Number.isNaN(row[each]) ? "" : row[each]} aria-label={`${SPOKEN[each]}, row ${at + 1}`} onChange={({ target }) => change(at, { [each]: target.valueAsNumber })} data-testid={`acceptance-${each}`} />
                      </td>
                    ))}
                    <td>
                      {rows.length > 1 && (
                        <button type="button" className="button button-quiet" aria-label={`Remove row ${at + 1}`} onClick={() => setRows(rows.filter((_, index) => index !== at))}>
                          Remove
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <div className="form-actions">
            <button type="button" className="button button-quiet" onClick={() => setRows([...rows, fresh(rows.at(-1)?.camera ?? "", "evening")])} data-testid="acceptance-add">
              Another camera or light
            </button>
          </div>
        </section>
      )}
      <section>
        <h3>{report === null ? "3." : "2."} What it proves</h3>
        <dl className="proves" data-testid="acceptance-proves">
          <dt>Strangers taken for somebody</dt>
          <dd>{rate(counts.false_matches, counts.strangers)}</dd>
          <dt>Listed people missed</dt>
          <dd>{rate(counts.misses, counts.enrolled)}</dd>
        </dl>
        {counts.strangers > 0 && counts.strangers < 100 && <p className="quiet">Few strangers passed: even without a mistake the true rate may be {Math.round(384 / (counts.strangers + 3.84))} % or so. A hundred passes are a beginning.</p>}
        <div className="test-form">
          <label className="field">
            <span>Day</span>
            <input type="date" required max={today()} value={draft.performed_on} onChange={({ target }) => setDraft({ ...draft, performed_on: target.value })} />
          </label>
          <label className="field">
            <span>By whom</span>
            <input required maxLength={200} value={draft.performed_by} onChange={({ target }) => setDraft({ ...draft, performed_by: target.value })} data-testid="test-by" />
          </label>
          <label className="field">
            <span>Report</span>
            <input maxLength={500} value={draft.report_reference} placeholder="Where it is kept" onChange={({ target }) => setDraft({ ...draft, report_reference: target.value })} />
          </label>
          <label className="check">
            <input type="checkbox" checked={draft.passed} disabled={wrong !== null} onChange={({ target }) => setDraft({ ...draft, passed: target.checked })} data-testid="test-passed" />
            The test was passed: these rates are what this store can answer for
          </label>
        </div>
      </section>
      {(wrong ?? error) && (
        <p className="form-error" role="alert" data-testid="acceptance-wrong">
          {wrong ?? error}
        </p>
      )}
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || wrong !== null} data-testid="test-save">
          {busy ? "Saving…" : "Record the test"}
        </button>
        <button type="button" className="button button-quiet" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
