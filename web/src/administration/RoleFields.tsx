import type { RoleAt } from "../api/administration";
import type { Me, Region, Role, RoleRights, Store } from "../api/types";
import { mayGive, placeKey, placesFor, type NamedPlace } from "./reach";
import { ROLES, roleName, roleWords } from "./roles";
import { t } from "./texts";

/** What the forms about people need to know. */
export interface Directory {
  me: Me;
  roles: RoleRights[];
  /** The store that the pages are about. */
  store: Store;
  stores: Store[];
  regions: Region[];
}

/** The places where this person may give anything. */
export const givingPlaces = ({ me, roles, stores, regions }: Directory): NamedPlace[] => placesFor("users:write", me.memberships, roles, stores, regions);

/** The roles that this person may give there. */
export const givableRoles = ({ me, roles, stores }: Directory, place: NamedPlace): Role[] =>
  ROLES.filter((role) => mayGive(me.memberships, roles, role, place, stores));

/** The least, at the store one looks at: what most people need. */
export function firstRole(directory: Directory): RoleAt | null {
  const places = givingPlaces(directory);
  const place = places.find(({ store_id }) => store_id === directory.store.id) ?? places.at(-1);
  const able = place ? givableRoles(directory, place) : [];
  const role = able.includes("operator") ? "operator" : able[0];
  return place && role ? { role, store_id: place.store_id, region_id: place.region_id } : null;
}

interface Props {
  directory: Directory;
  value: RoleAt;
  change: (value: RoleAt) => void;
  testId: string;
}

/** A role and where it holds; only what the signed-in person may give. */
export function RoleFields({ directory, value, change, testId }: Props) {
  const places = givingPlaces(directory);
  const place = places.find(({ key }) => key === placeKey(value));
  const able = place ? givableRoles(directory, place) : [];
  const move = (key: string) => {
    const to = places.find((each) => each.key === key);
    if (!to) return;
    const there = givableRoles(directory, to);
    const role = there.includes(value.role) ? value.role : there[0];
    if (role) change({ role, store_id: to.store_id, region_id: to.region_id });
  };
  return (
    <div className="role-fields">
      <label className="field">
        <span>{t("role")}</span>
        <select value={value.role} onChange={(event) => change({ ...value, role: event.target.value as Role })} data-testid={`${testId}-role`}>
          {able.map((role) => (
            <option key={role} value={role}>
              {roleName(role)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("where")}</span>
        <select value={placeKey(value)} onChange={(event) => move(event.target.value)} data-testid={`${testId}-place`}>
          {places.map(({ key, name }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <small>{roleWords(value.role)}</small>
    </div>
  );
}
