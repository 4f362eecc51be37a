import { Plus, X } from "lucide-react";
import { useState, type FormEvent } from "react";
import { inviteUser, type RoleAt } from "../api/administration";
import type { Invited } from "../api/types";
import { firstRole, RoleFields, type Directory } from "../administration/RoleFields";
import { Problem, useAct } from "../security/parts";
import { t } from "./texts";

interface Props {
  directory: Directory;
  invited: (invited: Invited) => void;
  cancel: () => void;
}

const MOST_ROLES = 10;

/** A name and at least one role. The answer holds the password for the first log-in. */
export function Invite({ directory, invited, cancel }: Props) {
  const first = firstRole(directory);
  const [username, setUsername] = useState("");
  const [given, setGiven] = useState<RoleAt[]>(first ? [first] : []);
  const { busy, error, run } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => invited(await inviteUser(username.trim().toLowerCase(), given)));
  };
  return (
    <form className="panel stack invite" onSubmit={submit} aria-label={t("inviteSomebody")}>
      <h2>{t("inviteSomebody")}</h2>
      <label className="field">
        <span>{t("userName")}</span>
        <input value={username} maxLength={100} autoComplete="off" autoCapitalize="none" spellCheck={false} placeholder="jo.smith" autoFocus onChange={(event) => setUsername(event.target.value)} data-testid="invite-name" />
        <small>{t("lettersDigitsAndAnEMail")}</small>
      </label>
      {given.map((role, index) => (
        <div key={index} className="role-line">
          <RoleFields directory={directory} value={role} change={(next) => setGiven(given.map((each, at) => (at === index ? next : each)))} testId={`invite-${index}`} />
          {given.length > 1 && (
            <button type="button" className="icon-button" aria-label={t("leaveThisRoleOut")} onClick={() => setGiven(given.filter((_, at) => at !== index))}>
              <X size={16} />
            </button>
          )}
        </div>
      ))}
      <Problem sentence={error} testId="invite-error" />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || username.trim().length < 2 || given.length === 0} data-testid="invite-save">
          {busy ? t("inviting") : t("invite")}
        </button>
        {first && given.length < MOST_ROLES && (
          <button type="button" className="button" onClick={() => setGiven([...given, first])}>
            <Plus size={16} aria-hidden="true" />
            {t("anotherRole")}
          </button>
        )}
        <button type="button" className="button button-quiet" onClick={cancel}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
