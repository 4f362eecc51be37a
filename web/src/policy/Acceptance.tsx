import { useState } from "react";
import { AcceptanceForm } from "./AcceptanceForm";
import type { Standing } from "./endpoints";
import { SWITCH_WORDS } from "./words";

/** What else ends a test, and how near that is. */
const coverage = (test: Standing["acceptance_tests"][number], listed: number) =>
  [
    test.listed !== null && "It covers the store's cameras as they were: one added, removed or moved to another address ends it.",
    test.most_listed !== null && `It covers up to ${test.most_listed} people on the lists; they hold ${listed}.`,
  ]
    .filter(Boolean)
    .join(" ");

/** Recorded tests of each switch, and a guided form for the next. */
export function Acceptance({ policy, write, onChanged }: { policy: Standing; write: boolean; onChanged: () => void }) {
  const [testing, setTesting] = useState(false);
  const done = () => {
    setTesting(false);
    onChanged();
  };
  return (
    <>
      <ul className="tests">
        {policy.acceptance_tests.map((test) => (
          <li key={test.id}>
            <strong>{SWITCH_WORDS[test.switch].name}</strong> {test.passed ? "passed" : "not passed"} on {test.performed_on} by {test.performed_by}
            <small>
              {test.false_matches} of {test.strangers} strangers matched, {test.misses} of {test.enrolled} people missed, {test.cameras} {test.cameras === 1 ? "camera" : "cameras"}. Counts until {test.valid_until}{test.model && <span title={test.model}>, for the model of that day only</span>}. {coverage(test, policy.listed)}
            </small>
          </li>
        ))}
      </ul>
      {testing && <AcceptanceForm onDone={done} onCancel={() => setTesting(false)} />}
      {!testing && write && (
        <button type="button" className="button" onClick={() => setTesting(true)} data-testid="test-new">
          Make a test
        </button>
      )}
    </>
  );
}
