/** Questions about data-subject requests, by name. */
import { ask, askBlob, postFile } from "../api/client";
import { everything } from "../api/endpoints";
import type { components } from "../api/schema";
import type { Id, Timestamp } from "../api/types";

type Schemas = components["schemas"];
export type DataRequest = Schemas["DataRequestOut"];
export type RequestFile = Schemas["DataRequestFileOut"];
export type RequestKind = Schemas["RequestKind"];
export type RequestOutcome = Schemas["RequestOutcome"];
export type Candidate = Schemas["CandidateOut"];
export type Footage = Schemas["FootageOut"];
export type Holder = Schemas["Holder"];
export type FootageState = Schemas["FootageState"];
export type FaceSearch = Schemas["FaceSearchOut"];
export interface NewRequest {
  kind: RequestKind;
  identity_checked: string;
  contact: string;
  store_id: Id | null;
  seen_from: Timestamp | null;
  seen_to: Timestamp | null;
}

const ALL = "/data-requests";
const PACKAGE_TIMEOUT_MS = 120_000;

export const requests = () => everything<DataRequest>(ALL);
export const request = (id: Id) => ask<RequestFile>("GET", `${ALL}/${id}`);
export const addRequest = (body: NewRequest) => ask<DataRequest>("POST", ALL, { body });
export const searchByPhoto = (id: Id, photo: File) => postFile<FaceSearch>(`${ALL}/${id}/search`, photo);
export const addEntry = (id: Id, entry: Id) => ask<DataRequest>("POST", `${ALL}/${id}/entries`, { body: { enrolment_id: entry } });
export const removeEntry = (id: Id, entry: Id) => ask<void>("DELETE", `${ALL}/${id}/entries/${entry}`);
export const decideFootage = (id: Id, piece: Id, theirs: boolean) => ask<void>("PUT", `${ALL}/${id}/footage/${piece}`, { body: { theirs } });
export const erase = (id: Id) => ask<Schemas["ErasuresOut"]>("POST", `${ALL}/${id}/erase`);
export const extend = (id: Id, days: number, reason: string) => ask<DataRequest>("POST", `${ALL}/${id}/extend`, { body: { days, reason } });
export const answer = (id: Id, outcome: RequestOutcome, words: string) => ask<DataRequest>("POST", `${ALL}/${id}/answer`, { body: { outcome, answer: words } });
export const exportHeld = (id: Id) => askBlob(`${ALL}/${id}/export`, { method: "POST", timeoutMs: PACKAGE_TIMEOUT_MS });
export const proof = (id: Id) => askBlob(`${ALL}/${id}/proof`, { timeoutMs: PACKAGE_TIMEOUT_MS });
