import { useState } from "react";
import { AcceptanceForm } from "./AcceptanceForm";
import type { Standing } from "./endpoints";
import { SWITCH_WORDS } from "./words";
import { t } from "./texts";

/** What else ends a test, and how near that is. */
const coverage = (test: Standing["acceptance_tests"][number], listed: number) =>
  [
    test.listed !== null && t("itCoversTheStoreSCameras"),
    test.most_listed !== null && t("itCoversUpToPeopleOn", { mostListed: test.most_listed, listed }),
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
            <strong>{SWITCH_WORDS[test.switch].name}</strong> {test.passed ? t("passed") : t("notPassed")}{" "}{t("onBy", { performedOn: test.performed_on, performedBy: test.performed_by })}
            <small>
              {t("ofStrangersMatchedOfPeopleMissed", { falseMatches: test.false_matches, strangers: test.strangers, misses: test.misses, enrolled: test.enrolled, cameras: test.cameras })}{" "}{test.cameras === 1 ? t("camera2") : t("cameras")}{t("countsUntil", { validUntil: test.valid_until })}{test.model && <span title={test.model}>{t("forTheModelOfThatDay")}</span>}. {coverage(test, policy.listed)}
            </small>
          </li>
        ))}
      </ul>
      {testing && <AcceptanceForm onDone={done} onCancel={() => setTesting(false)} />}
      {!testing && write && (
        <button type="button" className="button" onClick={() => setTesting(true)} data-testid="test-new">
          {t("makeATest")}
        </button>
      )}
    </>
  );
}
