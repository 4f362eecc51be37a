import { useState, type FormEvent, type ReactNode } from "react";
import { Problem, useAct } from "../security/parts";
import { t } from "./texts";

interface Props<T extends string> {
  /** What of it comes before its test ids. */
  testId: string;
  outcomes: readonly [T, ...T[]];
  words: Record<T, string>;
  answer: (outcome: T, words: string) => Promise<void>;
  /** What more there is to choose, for the outcome chosen so far. */
  more?: (outcome: T) => ReactNode;
}

/** What was found or done about what somebody brought forward, and what they are answered: once, for good. */
export function AnswerForm<T extends string>({ testId, outcomes, words, answer, more }: Props<T>) {
  const [chosen, setOutcome] = useState<T | null>(null);
  const outcome = chosen !== null && outcomes.includes(chosen) ? chosen : outcomes[0];
  const [said, setSaid] = useState("");
  const { busy, error, run } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(() => answer(outcome, said.trim()));
  };
  return (
    <form className="stack" onSubmit={submit} aria-label={t("answer")}>
      <label className="field">
        <span>{t("outcome")}</span>
        <select value={outcome} data-testid={`${testId}-outcome`} onChange={(event) => setOutcome(event.target.value as T)}>
          {outcomes.map((each) => (
            <option key={each} value={each}>
              {words[each]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("whatTheyAreAnswered")}</span>
        <textarea value={said} required maxLength={4000} rows={3} data-testid={`${testId}-answer`} onChange={(event) => setSaid(event.target.value)} />
      </label>
      {more?.(outcome)}
      <Problem sentence={error} />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !said.trim()} data-testid={`${testId}-decide`}>
          {t("answerForGood")}
        </button>
      </div>
    </form>
  );
}
