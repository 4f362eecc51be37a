import { X } from "lucide-react";
import { useState, type FormEvent } from "react";
import { giveRole, takeRole } from "../api/administration";
import type { GrantedRole, User } from "../api/types";
import { mayGive, placeName } from "../administration/reach";
import { roleName, roleWords } from "../administration/roles";
import { firstRole, RoleFields, type Directory } from "../administration/RoleFields";
import { Problem, useAct } from "../security/parts";
import { Confirm } from "../shell/Confirm";
import { t } from "./texts";

interface Props {
  user: User;
  directory: Directory;
  writes: boolean;
  changed: () => void;
}

/** The roles of a person: given and taken one by one. */
export function UserRoles({ user, directory, writes, changed }: Props) {
  const { me, roles, stores, regions } = directory;
  const [taking, setTaking] = useState<GrantedRole | null>(null);
  const { busy, error, run } = useAct();
  const take = (found: GrantedRole) =>
    void run(async () => {
      setTaking(null);
      await takeRole(found.id);
      changed();
    });
  return (
    <section className="stack" aria-label={t("rolesOf", { username: user.username })}>
      <h3>{t("roles")}</h3>
      <ul className="given">
        {user.memberships.map((each) => (
          <li key={each.id}>
            <span>
              <strong>{roleName(each.role)}</strong> {each.store_id ? t("at") : t("in")} {placeName(each, stores, regions)}
              <small>{each.source === "oidc" ? t("givenByAGroupOfThe") : roleWords(each.role)}</small>
            </span>
            {writes && each.source === "local" && mayGive(me.memberships, roles, each.role, each, stores) && (
              <button type="button" className="icon-button" disabled={busy} onClick={() => setTaking(each)} aria-label={t("takeTheRole", { role: roleName(each.role) })} title={t("takeThisRole")} data-testid="role-take">
                <X size={16} />
              </button>
            )}
          </li>
        ))}
        {user.memberships.length === 0 && <li className="quiet">{t("none")}</li>}
      </ul>
      <Problem sentence={error} testId="role-error" />
      {writes && <Give user={user} directory={directory} changed={changed} />}
      {taking && (
        <Confirm title={t("takeTheRole2", { role: roleName(taking.role) })} act={t("takeTheRole3")} busy={busy} onAct={() => take(taking)} onCancel={() => setTaking(null)}>
          <p>
            {t("losesItAtWithinSecondsOn", { username: user.username, taking: placeName(taking, stores, regions) })}
          </p>
        </Confirm>
      )}
    </section>
  );
}

function Give({ user, directory, changed }: Omit<Props, "writes">) {
  const first = firstRole(directory);
  const [giving, setGiving] = useState(first);
  const [open, setOpen] = useState(false);
  const { busy, error, run } = useAct();
  if (giving === null) return null;
  if (!open) {
    return (
      <div className="form-actions">
        <button type="button" className="button" onClick={() => setOpen(true)} data-testid="role-add">
          {t("giveARole")}
        </button>
      </div>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await giveRole(user.id, giving);
      setOpen(false);
      changed();
    });
  };
  return (
    <form className="stack" onSubmit={submit}>
      <RoleFields directory={directory} value={giving} change={setGiving} testId="give" />
      <Problem sentence={error} testId="give-error" />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy} data-testid="give-save">
          {busy ? t("giving") : t("giveThisRole")}
        </button>
        <button type="button" className="button button-quiet" onClick={() => setOpen(false)}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
