/** Questions about users, stores, regions and keys, by name. */
import { ask } from "./client";
import { everything } from "./endpoints";
import type { ApiKey, ApiKeySecret, Chain, GrantedRole, Id, Invited, Page, Region, Role, RoleRights, Store, User } from "./types";

/** A store, a region, or (both null) the whole chain. */
export interface Place {
  store_id: Id | null;
  region_id: Id | null;
}
export interface RoleAt extends Place {
  role: Role;
}

export const roles = async () => (await ask<Page<RoleRights>>("GET", "/roles")).items;
export const users = () => everything<User>("/users");
export const inviteUser = (username: string, given: RoleAt[]) => ask<Invited>("POST", "/users", { body: { username, roles: given } });
export const disableUser = (id: Id) => ask<User>("POST", `/users/${id}/disable`, { body: {} });
export const enableUser = (id: Id) => ask<User>("POST", `/users/${id}/enable`, { body: {} });
export const resetPassword = (id: Id) => ask<Invited>("POST", `/users/${id}/reset-password`, { body: {} });
export const endSessionsOf = (id: Id) => ask<void>("DELETE", `/users/${id}/sessions`);
export const removeLostFactor = (id: Id) => ask<void>("DELETE", `/users/${id}/second-factor`);
export const giveRole = (userId: Id, given: RoleAt) => ask<GrantedRole>("POST", "/memberships", { body: { user_id: userId, ...given } });
export const takeRole = (membershipId: Id) => ask<void>("DELETE", `/memberships/${membershipId}`);

export const chain = async () => (await ask<Page<Chain>>("GET", "/chains")).items[0] ?? null;
export const renameChain = (id: Id, name: string) => ask<Chain>("PATCH", `/chains/${id}`, { body: { name } });
export const regions = () => everything<Region>("/regions");
export const addRegion = (name: string) => ask<Region>("POST", "/regions", { body: { name } });
export const renameRegion = (id: Id, name: string) => ask<Region>("PATCH", `/regions/${id}`, { body: { name } });
export const removeRegion = (id: Id) => ask<void>("DELETE", `/regions/${id}`);
export const addStore = (name: string, timezone: string, regionId: Id | null) =>
  ask<Store>("POST", "/stores", { body: { name, timezone, region_id: regionId } });
export const changeStore = (id: Id, change: { name?: string; timezone?: string; region_id?: Id | null }) =>
  ask<Store>("PATCH", `/stores/${id}`, { body: change });

export interface KeyDraft {
  name: string;
  permissions: string[];
  store_ids: Id[];
  region_ids: Id[];
  days: number;
}
export const apiKeys = () => everything<ApiKey>("/api-keys");
export const makeKey = (key: KeyDraft) => ask<ApiKeySecret>("POST", "/api-keys", { body: key });
export const rotateKey = (id: Id, overlapSeconds: number) =>
  ask<ApiKeySecret>("POST", `/api-keys/${id}/rotate`, { body: { overlap_s: overlapSeconds } });
export const revokeKey = (id: Id) => ask<void>("DELETE", `/api-keys/${id}`);
