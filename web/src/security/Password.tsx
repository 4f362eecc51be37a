import { useState, type FormEvent } from "react";
import { changePassword } from "../api/security";
import { Problem, useAct } from "./parts";

/** Choose a new password. */
export function PasswordForm({ done }: { done: () => void }) {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [again, setAgain] = useState("");
  const { busy, error, run } = useAct();
  const differs = again !== "" && again !== wanted;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await changePassword(current, wanted);
      setCurrent("");
      setWanted("");
      setAgain("");
      done();
    });
  };
  const fields = [
    { label: "Current password", id: "password-current", complete: "current-password", value: current, set: setCurrent },
    { label: "New password", id: "password-new", complete: "new-password", value: wanted, set: setWanted },
    { label: "New password again", id: "password-again", complete: "new-password", value: again, set: setAgain },
  ];
  return (
    <form className="stack" onSubmit={submit}>
      {fields.map(({ label, id, complete, value, set }) => (
        <label className="field" key={id}>
          <span>{label}</span>
          <input type="password" autoComplete={complete} data-testid={id} value={value} onChange={(event) => set(event.target.value)} />
          {id === "password-new" && <small>At least 12 characters. Four words that do not belong together are a good one.</small>}
        </label>
      ))}
      <Problem sentence={differs ? "The two new passwords differ." : error} testId="password-error" />
      <div className="form-actions">
        <button type="submit" className="button button-primary" data-testid="password-save" disabled={busy || !current || !wanted || again !== wanted}>
          {busy ? "Saving…" : "Change password"}
        </button>
      </div>
    </form>
  );
}
