import { useState, type FormEvent } from "react";
import { sentenceFor } from "../api/problem";
import { useCameras } from "../cameras/cameras";
import { usePlace } from "../shell/stores";
import { recordTest, type Switch } from "./endpoints";
import { COUNTS, LIGHTS, mistake, ofReport, rate, sum, type Counts, type Passes } from "./passes";
import { SWITCH_WORDS, SWITCHES, today } from "./words";
import { t } from "./texts";

const HEADS: Readonly<Record<keyof Counts, string>> = { get strangers() { return t("strangersPassed"); }, get false_matches() { return t("takenForSomebody"); }, get enrolled() { return t("listedPeoplePassed"); }, get misses() { return t("missed"); } };
const SPOKEN: Readonly<Record<keyof Counts, string>> = { get strangers() { return t("strangersPassed"); }, get false_matches() { return t("strangersTakenForSomebody"); }, get enrolled() { return t("listedPeoplePassed"); }, get misses() { return t("listedPeopleMissed"); } };

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
    if (found === null) return setError(t("isNoReportOfPennyprotectBench", { name: file.name }));
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
        <h3>{t("n1LetPeopleWalkPast")}</h3>
        <ol className="quiet">
          <li>{t("putSomeVolunteersOnAList")}</li>
          <li>{t("letThemAndManyMoreWho")}</li>
          <li>{t("countBelowOrLetWhoeverRuns")}{" "}<code>pennyprotect bench acceptance</code>{t("andChooseItsReport")}</li>
        </ol>
        <div className="place-line">
          <label className="field">
            <span>{t("whatIsTested")}</span>
            <select value={draft.switch} onChange={({ target }) => setDraft({ ...draft, switch: target.value as Switch })}>
              {SWITCHES.map((each) => (
                <option key={each} value={each}>
                  {SWITCH_WORDS[each].name}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>{t("reportOfTheBenchmarkIfThere")}</span>
            <input type="file" accept=".json,application/json" onChange={({ target }) => void read(target.files?.[0])} data-testid="acceptance-report" />
          </label>
        </div>
      </section>
      {report === null && (
        <section>
          <h3>{t("n2CountByCameraAndLight")}</h3>
          <div className="wide-table">
            <table className="report">
              <thead>
                <tr>
                  <th scope="col">{t("camera")}</th>
                  <th scope="col">{t("light")}</th>
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
                      <input required maxLength={200} value={row.camera} aria-label={t("cameraOfRow", { at: at + 1 })} onChange={({ target }) => change(at, { camera: target.value })} />
                    </td>
                    <td>
                      <select value={row.light} aria-label={t("lightOfRow", { at: at + 1 })} onChange={({ target }) => change(at, { light: target.value })}>
                        {LIGHTS.map((each) => (
                          <option key={each}>{each}</option>
                        ))}
                      </select>
                    </td>
                    {COUNTS.map((each) => (
                      <td key={each}>
                        <input type="number" required min={0} value={Number.isNaN(row[each]) ? "" : row[each]} aria-label={t("row", { spoken: SPOKEN[each], at: at + 1 })} onChange={({ target }) => change(at, { [each]: target.valueAsNumber })} data-testid={`acceptance-${each}`} />
                      </td>
                    ))}
                    <td>
                      {rows.length > 1 && (
                        <button type="button" className="button button-quiet" aria-label={t("removeRow", { at: at + 1 })} onClick={() => setRows(rows.filter((_, index) => index !== at))}>
                          {t("remove")}
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
              {t("anotherCameraOrLight")}
            </button>
          </div>
        </section>
      )}
      <section>
        <h3>{t("whatItProves", { report: report === null ? "3." : "2." })}</h3>
        <dl className="proves" data-testid="acceptance-proves">
          <dt>{t("strangersTakenForSomebody")}</dt>
          <dd>{rate(counts.false_matches, counts.strangers)}</dd>
          <dt>{t("listedPeopleMissed")}</dt>
          <dd>{rate(counts.misses, counts.enrolled)}</dd>
        </dl>
        {counts.strangers > 0 && counts.strangers < 100 && <p className="quiet">{t("fewStrangersPassedEvenWithoutA", { value: Math.round(384 / (counts.strangers + 3.84)) })}</p>}
        <div className="test-form">
          <label className="field">
            <span>{t("day")}</span>
            <input type="date" required max={today()} value={draft.performed_on} onChange={({ target }) => setDraft({ ...draft, performed_on: target.value })} />
          </label>
          <label className="field">
            <span>{t("byWhom")}</span>
            <input required maxLength={200} value={draft.performed_by} onChange={({ target }) => setDraft({ ...draft, performed_by: target.value })} data-testid="test-by" />
          </label>
          <label className="field">
            <span>{t("report")}</span>
            <input maxLength={500} value={draft.report_reference} placeholder={t("whereItIsKept")} onChange={({ target }) => setDraft({ ...draft, report_reference: target.value })} />
          </label>
          <label className="check">
            <input type="checkbox" checked={draft.passed} disabled={wrong !== null} onChange={({ target }) => setDraft({ ...draft, passed: target.checked })} data-testid="test-passed" />
            {t("theTestWasPassedTheseRates")}
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
          {busy ? t("saving") : t("recordTheTest")}
        </button>
        <button type="button" className="button button-quiet" onClick={onCancel}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
