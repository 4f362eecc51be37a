/** What somebody may give, and where: the server's rule, so that pages offer only what it will allow. Pure. */
import type { Place } from "../api/administration";
import type { GrantedRole, Id, Me, Region, RoleRights, Store } from "../api/types";
import { t } from "./texts";

type Held = Me["memberships"][number];

export interface NamedPlace extends Place {
  /** "chain", "region:…", "store:…". */
  key: string;
  name: string;
}

export const CHAIN: Place = { store_id: null, region_id: null };

export const placeKey = ({ store_id, region_id }: Place) => (store_id ? `store:${store_id}` : region_id ? `region:${region_id}` : "chain");

/** Whether a role held at `held` reaches all of `place`. Roles at single stores do not add up to their region. */
function covers(held: Place, place: Place, stores: readonly Store[]): boolean {
  if (!held.store_id && !held.region_id) return true;
  if (place.region_id) return held.region_id === place.region_id;
  if (!place.store_id) return false;
  if (held.store_id) return held.store_id === place.store_id;
  return stores.some(({ id, region_id }) => id === place.store_id && region_id === held.region_id);
}

/** What one may do everywhere in `place`. */
export function heldAt(mine: readonly Held[], roles: readonly RoleRights[], place: Place, stores: readonly Store[]): Set<string> {
  const held = new Set<string>();
  for (const each of mine) {
    if (!covers(each, place, stores)) continue;
    for (const permission of roles.find(({ role }) => role === each.role)?.permissions ?? []) held.add(permission);
  }
  return held;
}

/** Whether one may give (or take) a role at `place`. */
export function mayGive(mine: readonly Held[], roles: readonly RoleRights[], role: string, place: Place, stores: readonly Store[]): boolean {
  const held = heldAt(mine, roles, place, stores);
  const given = roles.find((each) => each.role === role)?.permissions;
  return held.has("users:write") && given !== undefined && given.every((permission) => held.has(permission));
}

/** Whether one may disable somebody or reset a password: only who could have given all that the person has. */
export function mayGovern(mine: readonly Held[], roles: readonly RoleRights[], of: readonly GrantedRole[], stores: readonly Store[]): boolean {
  return of.every((each) => mayGive(mine, roles, each.role, each, stores));
}

/** Places where one holds `permission`, the widest first. */
export function placesFor(permission: string, mine: readonly Held[], roles: readonly RoleRights[], stores: readonly Store[], regions: readonly Region[]): NamedPlace[] {
  const all: NamedPlace[] = [
    { ...CHAIN, key: "chain", name: t("theWholeChain") },
    ...regions.map(({ id, name }) => ({ store_id: null, region_id: id, key: `region:${id}`, name: t("region3", { name }) })),
    ...stores.map(({ id, name }) => ({ store_id: id, region_id: null, key: `store:${id}`, name })),
  ];
  return all.filter((place) => heldAt(mine, roles, place, stores).has(permission));
}

/** "The whole chain", "Region North", "Oxford Street". */
export function placeName(place: Place, stores: readonly { id: Id; name: string }[], regions: readonly { id: Id; name: string }[]): string {
  if (place.store_id) return stores.find(({ id }) => id === place.store_id)?.name ?? t("aStoreYouDoNotSee");
  if (place.region_id) {
    const region = regions.find(({ id }) => id === place.region_id);
    return region ? t("region3", { name: region.name }) : t("aRegionYouDoNotSee");
  }
  return t("theWholeChain");
}
