/** Questions about incidents, by name. */
import { ask, askBlob } from "../api/client";
import { everything } from "../api/endpoints";
import type { components } from "../api/schema";
import type { Id } from "../api/types";

type Schemas = components["schemas"];
export type Incident = Schemas["IncidentOut"];
export type IncidentState = Schemas["IncidentState"];
export type CaseFile = Schemas["CaseFileOut"];
export interface IncidentChange {
  title?: string;
  description?: string;
  loss_value?: string | null;
  loss_currency?: string | null;
  police_reference?: string | null;
}

export const incidents = (storeId: Id, states: readonly IncidentState[]) => everything<Incident>("/incidents", { store_id: storeId, state: states });
export const incident = (id: Id) => ask<CaseFile>("GET", `/incidents/${id}`);
export const openIncident = (storeId: Id, kind: string, title: string, alertIds: readonly Id[] = []) =>
  ask<Incident>("POST", "/incidents", { body: { store_id: storeId, kind, title, alert_ids: alertIds } });
export const changeIncident = (id: Id, change: IncidentChange) => ask<Incident>("PATCH", `/incidents/${id}`, { body: change });
export const addNote = (id: Id, text: string) => ask<unknown>("POST", `/incidents/${id}/notes`, { body: { text } });
export const joinAlert = (id: Id, alertId: Id) => ask<void>("POST", `/incidents/${id}/alerts`, { body: { alert_id: alertId } });
export const partAlert = (id: Id, alertId: Id) => ask<void>("DELETE", `/incidents/${id}/alerts/${alertId}`);
export const nameStaff = (id: Id, userId: Id) => ask<Incident>("POST", `/incidents/${id}/staff`, { body: { user_id: userId } });
export const unnameStaff = (id: Id, userId: Id) => ask<Incident>("DELETE", `/incidents/${id}/staff/${userId}`);
export const moveIncident = (id: Id, act: "review" | "reopen") => ask<Incident>("POST", `/incidents/${id}/${act}`, { body: {} });
export const closeIncident = (id: Id, conclusion: string) => ask<Incident>("POST", `/incidents/${id}/close`, { body: { conclusion } });
export const reportOf = (id: Id) => askBlob(`/incidents/${id}/report`);
