/** Questions about complaints, by name. */
import { ask } from "../api/client";
import { everything } from "../api/endpoints";
import type { components } from "../api/schema";
import type { Id, Timestamp } from "../api/types";

type Schemas = components["schemas"];
export type Complaint = Schemas["ComplaintOut"];
export type ComplaintFile = Schemas["ComplaintFileOut"];
export type ComplaintOutcome = Schemas["ComplaintOutcome"];

export const complaints = (storeId: Id) => everything<Complaint>("/complaints", { store_id: storeId });
export const complaint = (id: Id) => ask<ComplaintFile>("GET", `/complaints/${id}`);
export const addComplaint = (body: { store_id: Id; happened_at: Timestamp; summary: string; contact: string }) => ask<Complaint>("POST", "/complaints", { body });
export const acknowledge = (id: Id) => ask<Complaint>("POST", `/complaints/${id}/acknowledge`, { body: {} });
export const decide = (id: Id, outcome: ComplaintOutcome, answer: string, correct: boolean) => ask<Complaint>("POST", `/complaints/${id}/decide`, { body: { outcome, answer, correct } });
