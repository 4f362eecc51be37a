import { useState, type FormEvent } from "react";
import { sentenceFor } from "../api/problem";
import { usePlace } from "../shell/stores";
import { recordTest, type AcceptanceTestDraft, type Standing, type Switch } from "./endpoints";
import { SWITCH_WORDS, SWITCHES, today } from "./words";

const FIGURES = [
  ["cameras", "Cameras"],
  ["strangers", "Passes of people on no list"],
  ["false_matches", "… that matched wrongly"],
  ["enrolled", "Passes of people on the test list"],
  ["misses", "… that were missed"],
] as const;

/** What else ends a test, and how near that is. */
const coverage = (test: Standing["acceptance_tests"][number], listed: number) =>
  [
    test.listed !== null && "It covers today's cameras: a camera added or removed ends it.",
    test.most_listed !== null && `It covers up to ${test.most_listed} people on the lists; they hold ${listed}.`,
  ]
    .filter(Boolean)
    .join(" ");

/** Recorded tests of each switch, and a form for the next. */
export function Acceptance({ policy, write, onChanged }: { policy: Standing; write: boolean; onChanged: () => void }) {
  const { store } = usePlace();
  const [draft, setDraft] = useState<AcceptanceTestDraft | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const begin = () =>
    setDraft({ switch: "face", performed_on: today(), performed_by: "", cameras: 1, strangers: 100, false_matches: 0, enrolled: 20, misses: 0, passed: false, report_reference: "" });
  const save = async (event: FormEvent, test: AcceptanceTestDraft) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await recordTest(store.id, test);
      setDraft(null);
      onChanged();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  return (
    <>
      <ul className="tests">
        {policy.acceptance_tests.map((test) => (
          <li key={test.id}>
            <strong>{SWITCH_WORDS[test.switch].name}</strong> {test.passed ? "passed" : "not passed"} on {test.performed_on} by {test.performed_by}
            <small>
              {test.false_matches} of {test.strangers} strangers matched, {test.misses} of {test.enrolled} people missed, {test.cameras} {test.cameras === 1 ? "camera" : "cameras"}. Counts until {test.valid_until}{test.model && `, for ${test.model} only`}. {coverage(test, policy.listed)}
            </small>
          </li>
        ))}
      </ul>
      {draft ? (
        <form className="test-form" onSubmit={(event) => void save(event, draft)}>
          <label className="field">
            <span>What was tested</span>
            <select value={draft.switch} onChange={({ target }) => setDraft({ ...draft, switch: target.value as Switch })}>
              {SWITCHES.map((each) => (
                <option key={each} value={each}>
                  {SWITCH_WORDS[each].name}
                </option>
              ))}
            </select>
          </label>
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
            <input maxLength={500} value={draft.report_reference} placeholder="Where the report is kept" onChange={({ target }) => setDraft({ ...draft, report_reference: target.value })} />
          </label>
          {FIGURES.map(([key, words]) => (
            <label key={key} className="field">
              <span>{words}</span>
              <input type="number" required min={key === "false_matches" || key === "misses" ? 0 : 1} value={draft[key]} onChange={({ target }) => setDraft({ ...draft, [key]: target.valueAsNumber })} />
            </label>
          ))}
          <label className="check">
            <input type="checkbox" checked={draft.passed} onChange={({ target }) => setDraft({ ...draft, passed: target.checked })} data-testid="test-passed" />
            The test was passed
          </label>
          <div className="form-actions">
            <button type="submit" className="button button-primary" disabled={busy} data-testid="test-save">
              {busy ? "Saving…" : "Record the test"}
            </button>
            <button type="button" className="button button-quiet" onClick={() => setDraft(null)}>
              Cancel
            </button>
          </div>
        </form>
      ) : (
        write && (
          <button type="button" className="button" onClick={begin} data-testid="test-new">
            Record a test
          </button>
        )
      )}
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
    </>
  );
}
