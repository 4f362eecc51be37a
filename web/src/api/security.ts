/** Questions about one's own account and about signing in, by name. */
import type { Place } from "./administration";
import { ask } from "./client";
import type { Enrolment, GroupMapping, Id, LoginSession, OidcDetails, OidcProvider, Page, Role, Security, SignInSettings } from "./types";

export const oidcProvider = () => ask<OidcProvider>("GET", "/auth/oidc");
export const security = () => ask<Security>("GET", "/auth/security");
export const changePassword = (current: string, wanted: string) =>
  ask<void>("POST", "/auth/password", { body: { current_password: current, new_password: wanted } });
export const beginTotp = (password: string) => ask<Enrolment>("POST", "/auth/totp", { body: { password } });
export const confirmTotp = (code: string) => ask<{ codes: string[] }>("POST", "/auth/totp/confirm", { body: { code } });
export const removeTotp = (password: string) => ask<void>("POST", "/auth/totp/remove", { body: { password } });
export const newRecoveryCodes = (password: string) => ask<{ codes: string[] }>("POST", "/auth/recovery-codes", { body: { password } });
export const proveSession = (code: string) => ask<void>("POST", "/auth/second-factor", { body: { code } });

export const loginSessions = async () => (await ask<Page<LoginSession>>("GET", "/auth/sessions")).items;
export const endSession = (id: Id) => ask<void>("DELETE", `/auth/sessions/${id}`);
export const endOtherSessions = () => ask<void>("DELETE", "/auth/sessions");

export const signInSettings = () => ask<SignInSettings>("GET", "/auth/settings");
export const changeSignInSettings = (roles: Role[]) =>
  ask<SignInSettings>("PATCH", "/auth/settings", { body: { second_factor_roles: roles } });
export const oidcDetails = () => ask<OidcDetails>("GET", "/auth/oidc/provider");
export const groupMappings = async () => (await ask<Page<GroupMapping>>("GET", "/auth/oidc/mappings")).items;
export const addGroupMapping = (group: string, role: Role, place: Place) =>
  ask<GroupMapping>("POST", "/auth/oidc/mappings", { body: { group_name: group, role, ...place } });
export const removeGroupMapping = (id: Id) => ask<void>("DELETE", `/auth/oidc/mappings/${id}`);
