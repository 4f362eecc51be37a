import { useState, type FormEvent } from "react";
import { changePassword } from "../api/security";
import { Problem, useAct } from "./parts";
import { t } from "./texts";

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
    { label: t("currentPassword"), id: "password-current", complete: "current-password", value: current, set: setCurrent },
    { label: t("newPassword"), id: "password-new", complete: "new-password", value: wanted, set: setWanted },
    { label: t("newPasswordAgain"), id: "password-again", complete: "new-password", value: again, set: setAgain },
  ];
  return (
    <form className="stack" onSubmit={submit}>
      {fields.map(({ label, id, complete, value, set }) => (
        <label className="field" key={id}>
          <span>{label}</span>
          <input type="password" autoComplete={complete} data-testid={id} value={value} onChange={(event) => set(event.target.value)} />
          {id === "password-new" && <small>{t("atLeast12CharactersFourWords")}</small>}
        </label>
      ))}
      <Problem sentence={differs ? t("theTwoNewPasswordsDiffer") : error} testId="password-error" />
      <div className="form-actions">
        <button type="submit" className="button button-primary" data-testid="password-save" disabled={busy || !current || !wanted || again !== wanted}>
          {busy ? t("saving") : t("changePassword")}
        </button>
      </div>
    </form>
  );
}
