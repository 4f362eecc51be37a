/** Rules with what becomes of their alerts, and what another setting would have alerted. */
import { ask } from "../api/client";
import type { components } from "../api/schema";
import type { Id, Parameters, Rule } from "../api/types";

type Schemas = components["schemas"];
export type Replay = Schemas["ReplayOut"];
export type Setting = Schemas["SettingOut"];

export interface RuleDraft {
  kind: string;
  store_id: Id;
  camera_id: Id | null;
  zone_id: Id | null;
  parameters: Parameters;
  enabled: boolean;
  cool_down_s: number;
  opens_incident: boolean;
}
export const saveRule = (own: Rule | undefined, { kind, store_id, camera_id, zone_id, ...rest }: RuleDraft) =>
  own ? ask<Rule>("PATCH", `/rules/${own.id}`, { body: rest }) : ask<Rule>("POST", "/rules", { body: { kind, store_id, camera_id, zone_id, ...rest } });
export const removeRule = (id: Id) => ask<void>("DELETE", `/rules/${id}`);
/** One portion of a replay takes the server some seconds. */
const REPLAY_MS = 60_000;
export const replay = ({ opens_incident: _, ...draft }: RuleDraft, since: string, until: string) =>
  ask<Replay>("POST", "/rules/replay", { body: { ...draft, since, until }, timeoutMs: REPLAY_MS });
