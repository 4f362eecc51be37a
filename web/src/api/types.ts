/** The API's shapes under the names the pages use. `npm run types` writes schema.d.ts from openapi.json. */
import type { components } from "./schema";

type Schemas = components["schemas"];

/** RFC 3339 UTC text. */
export type Timestamp = string;
/** UUIDv7 text. */
export type Id = string;

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type Token = Schemas["TokenOut"];
export type Me = Schemas["MeOut"];
export type Security = Schemas["SecurityOut"];
export type Enrolment = Schemas["EnrolmentOut"];
export type LoginSession = Schemas["LoginSessionOut"];
export type SignInSettings = Schemas["SignInSettings"];
export type Role = Schemas["Role"];
export type Permission = Schemas["Permission"];
export type GroupMapping = Schemas["MappingOut"];
export type OidcProvider = Schemas["ProviderOut"];
export type OidcDetails = Schemas["ProviderDetailsOut"];
export type Store = Schemas["StoreOut"];
export type Region = Schemas["RegionOut"];
export type Chain = Schemas["ChainOut"];
export type User = Schemas["UserOut"];
export type Invited = Schemas["InvitedOut"];
export type GrantedRole = Schemas["GrantedRoleOut"];
export type RoleRights = Schemas["RoleOut"];
export type ApiKey = Schemas["ApiKeyOut"];
export type ApiKeySecret = Schemas["ApiKeySecretOut"];

export type Camera = Schemas["CameraOut"];
export type CameraState = Schemas["ShownState"];
export type ProbeResult = Schemas["ProbeOut"];
export type Discovered = Schemas["DiscoveredOut"];
export type CameraList = Schemas["ImportOut"];
export type Readiness = Schemas["ReadinessOut"];
export type StreamSession = Schemas["SessionOut"];

/** x, y in 0..1 of the picture's width and height. */
export type Point = [number, number];
export type ZoneKind = Schemas["ZoneKind"];
export type Zone = Omit<Schemas["ZoneOut"], "polygon"> & { polygon: Point[] };

export type Parameters = Record<string, unknown>;
export type Rule = Schemas["RuleOut"];
export type RuleKind = Schemas["RuleKindOut"];

export type AuditAct = Schemas["ActOut"];
export type AuditState = Schemas["AuditStateOut"];

export type Alert = Schemas["AlertOut"];
export type AlertState = Schemas["AlertState"];
export type Threat = Schemas["Threat"];
export type Outcome = Schemas["Outcome"];
/** A user who did something to an alert. */
export type Handler = Schemas["HandlerOut"];
export type AlertAction = "claim" | "acknowledge" | "snooze" | "escalate" | "resolve" | "reopen";
export type EscalationLevel = Schemas["EscalationLevel"];
export type RotaEntry = Schemas["RotaEntryOut"];
