import { Search, UserPlus } from "lucide-react";
import { useState } from "react";
import { regions as loadRegions, roles as loadRoles, users as loadUsers } from "../api/administration";
import type { Invited, User } from "../api/types";
import { givingPlaces, type Directory } from "../administration/RoleFields";
import { Secret } from "../administration/Secret";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { Invite } from "./Invite";
import { UserRow } from "./UserRow";
import { t } from "./texts";

/** Who may sign in, with which roles, where. */
export function UsersPage() {
  useTitle(t("users"));
  const { me, store, stores, may } = usePlace();
  const { value, error, reload } = useLoad("users", async () => {
    const [people, roles, regions] = await Promise.all([loadUsers(), loadRoles(), loadRegions()]);
    return { people, roles, regions };
  });
  const [inviting, setInviting] = useState(false);
  const [shown, setShown] = useState<Invited | null>(null);
  const [sought, seek] = useState("");
  if (value === null) return <div className="page">{error ? <Failure sentence={error} retry={reload} /> : <p className="page-note">{t("loading")}</p>}</div>;
  const directory: Directory = { me, store, stores, roles: value.roles, regions: value.regions };
  const writes = may("users:write") && givingPlaces(directory).length > 0;
  const tell = (invited: Invited) => {
    setInviting(false);
    setShown(invited);
    reload();
  };
  return (
    <div className="page page-administration">
      <header className="page-head">
        <div>
          <h1>{t("users")}</h1>
          <p className="page-note">{counted(value.people)}</p>
        </div>
        {writes && !inviting && (
          <button type="button" className="button button-primary" onClick={() => setInviting(true)} data-testid="user-invite">
            <UserPlus size={16} aria-hidden="true" />
            {t("inviteSomebody")}
          </button>
        )}
      </header>
      {error && <Failure sentence={error} retry={reload} />}
      {shown && <FirstPassword invited={shown} done={() => setShown(null)} />}
      {inviting && <Invite directory={directory} invited={tell} cancel={() => setInviting(false)} />}
      {value.people.length > 5 && (
        <label className="search">
          <Search size={16} aria-hidden="true" />
          <span className="visually-hidden">{t("findAUser")}</span>
          <input type="search" placeholder={t("findAUser")} value={sought} onChange={(event) => seek(event.target.value)} data-testid="user-search" />
        </label>
      )}
      <Rows people={value.people.filter(({ username }) => username.includes(sought.trim().toLowerCase()))} directory={directory} writes={writes} changed={reload} show={tell} />
    </div>
  );
}

function Rows({ people, directory, writes, changed, show }: { people: User[]; directory: Directory; writes: boolean; changed: () => void; show: (invited: Invited) => void }) {
  const [open, setOpen] = useState<string | null>(null);
  if (people.length === 0) return <Empty title={t("nobodyOfThisName")} />;
  return (
    <ul className="rows" data-testid="users">
      {people.map((user) => (
        <UserRow
          key={user.id}
          user={user}
          directory={directory}
          writes={writes}
          open={open === user.id}
          toggle={() => setOpen(open === user.id ? null : user.id)}
          changed={changed}
          show={show}
        />
      ))}
    </ul>
  );
}

function FirstPassword({ invited, done }: { invited: Invited; done: () => void }) {
  return (
    <Secret title={t("passwordFor", { username: invited.user.username })} secret={invited.initial_password} done={done} testId="first-password">
      <p>
        {t("handItOverInPersonOr")}{" "}<strong>{invited.user.username}</strong>{" "}{t("choosesAPasswordOfTheirOwn")}
      </p>
    </Secret>
  );
}

/** "12 people, 1 disabled". */
function counted(people: User[]): string {
  const disabled = people.filter((user) => user.disabled_at !== null).length;
  return `${people.length === 1 ? "1 person" : t("people", { people: people.length })}${disabled ? t("disabled2", { disabled }) : ""}`;
}
