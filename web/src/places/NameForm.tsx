import { useState, type FormEvent } from "react";
import { Problem, useAct } from "../security/parts";
import { t } from "./texts";

interface Props {
  label: string;
  initial?: string;
  act: string;
  testId: string;
  save: (name: string) => Promise<unknown>;
  cancel?: () => void;
}

/** One name and what to do with it. */
export function NameForm({ label, initial = "", act, testId, save, cancel }: Props) {
  const [name, setName] = useState(initial);
  const { busy, error, run } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await save(name.trim());
      setName(initial);
    });
  };
  return (
    <form className="name-form" onSubmit={submit}>
      <label className="field">
        <span>{label}</span>
        <input value={name} maxLength={200} autoComplete="off" onChange={(event) => setName(event.target.value)} data-testid={testId} />
      </label>
      <div className="form-actions">
        <button type="submit" className="button" disabled={busy || !name.trim() || name.trim() === initial} data-testid={`${testId}-save`}>
          {busy ? t("saving") : act}
        </button>
        {cancel && (
          <button type="button" className="button button-quiet" onClick={cancel}>
            {t("cancel")}
          </button>
        )}
      </div>
      <Problem sentence={error} testId={`${testId}-error`} />
    </form>
  );
}
