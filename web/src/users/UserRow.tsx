import { ChevronDown } from "lucide-react";
import type { Invited, User } from "../api/types";
import { placeName } from "../administration/reach";
import { roleName } from "../administration/roles";
import type { Directory } from "../administration/RoleFields";
import { UserActs } from "./UserActs";
import { UserRoles } from "./UserRoles";
import { t } from "./texts";

interface Props {
  user: User;
  directory: Directory;
  writes: boolean;
  open: boolean;
  toggle: () => void;
  changed: () => void;
  show: (invited: Invited) => void;
}

/** One person; opened, the roles and what can be done. */
export function UserRow({ user, directory, writes, open, toggle, changed, show }: Props) {
  const own = user.id === directory.me.id;
  return (
    <li className="row" data-testid="user" data-open={open} data-off={user.disabled_at !== null}>
      <button type="button" className="row-head" onClick={toggle} aria-expanded={open} data-testid={`user-${user.username}`}>
        <span className="user-initial" aria-hidden="true">
          {user.username.charAt(0).toUpperCase()}
        </span>
        <span className="row-name">
          <strong>{user.username}</strong>
          <small>{inShort(user, directory)}</small>
        </span>
        <Tag user={user} own={own} />
        <ChevronDown size={18} aria-hidden="true" />
      </button>
      {open && (
        <div className="row-body">
          <UserRoles user={user} directory={directory} writes={writes} changed={changed} />
          <UserActs user={user} directory={directory} writes={writes} changed={changed} show={show} />
        </div>
      )}
    </li>
  );
}

function Tag({ user, own }: { user: User; own: boolean }) {
  if (user.disabled_at) return <span className="tag tag-off">{t("disabled")}</span>;
  if (user.must_change_password) return <span className="tag tag-waiting">{t("firstLogInDue")}</span>;
  return own ? <span className="tag">{t("you")}</span> : null;
}

/** "Operator, Oxford Street · Viewer, Region North". */
function inShort(user: User, { stores, regions }: Directory): string {
  if (user.memberships.length === 0) return t("noRoleCanSignInBut");
  return user.memberships.map((each) => `${roleName(each.role)}, ${placeName(each, stores, regions)}`).join(" · ");
}
