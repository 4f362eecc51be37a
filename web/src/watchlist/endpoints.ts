/** What the pages of lists and leads ask. */
import { API, ask, askBlob, authorized, postFile } from "../api/client";
import { ApiError, sentenceOf } from "../api/problem";
import type { components } from "../api/schema";
import type { Id, Page } from "../api/types";

type Schemas = components["schemas"];
export type Watchlist = Schemas["WatchlistOut"];
export type Entry = Schemas["FaceEnrolmentOut"];
export type FaceCheck = Schemas["FaceCheckOut"];
export type Lead = Schemas["MatchOut"];
export type Verdict = Schemas["ReviewVerdict"];
export type Category = Schemas["Category"];
export type Erasure = Schemas["ErasureOut"];
export type Thresholds = Schemas["ThresholdsOut"];
export type Suspension = Schemas["SuspensionOut"];
export type IncidentRef = Schemas["IncidentOut"];
export type ImportRow = Schemas["ImportRowOut"];
export type Refused = Schemas["RefusedRowOut"];
export type FalseMatches = Schemas["FalseMatchReportOut"];

export const watchlists = (store: Id) => ask<Page<Watchlist>>("GET", "/watchlists", { query: { store_id: store, limit: 200 } }).then((page) => page.items);
export const addWatchlist = (store: Id, name: string, category: Category, purpose: string) =>
  ask<Watchlist>("POST", "/watchlists", { body: { store_id: store, name, category, purpose } });
export const entries = (store: Id) => ask<Page<Entry>>("GET", "/enrolments", { query: { store_id: store, state: ["draft", "proposed", "approved"], limit: 500 } }).then((page) => page.items);
/** The names of those whom entries are about, by person; nobody where the name is not known. */
export const namesAt = async (store: Id) =>
  new Map((await ask<Page<Schemas["ListedPersonOut"]>>("GET", "/persons", { query: { store_id: store, limit: 500 } })).items.map(({ id, name }) => [id, name ?? ""]));
export const entryPicture = (id: Id) => askBlob(`/enrolments/${id}/picture`);
export const approve = (id: Id, acceptsFindings: boolean) => ask<Entry>("POST", `/enrolments/${id}/approve`, { body: { accepts_findings: acceptsFindings } });
export const reject = (id: Id, reason: string) => ask<Entry>("POST", `/enrolments/${id}/reject`, { body: { reason } });
export const erase = (id: Id, reason: string) => ask<Erasure>("POST", `/enrolments/${id}/erase`, { body: { reason } });
export const incidents = (store: Id) => ask<Page<IncidentRef>>("GET", "/incidents", { query: { store_id: store, limit: 100 } }).then((page) => page.items);
export const proposeDraft = (id: Id) => ask<Entry>("POST", `/enrolments/${id}/propose`);
export const renew = (id: Id, expires_at: string, review_on: string, reason: string) => ask<Entry>("POST", `/enrolments/${id}/renew`, { body: { expires_at, review_on, reason } });

/** A new person. With a `key`, asking again answers the one that was made. */
export async function addPerson(store: Id, name: string, key?: string): Promise<Schemas["ListedPersonOut"]> {
  const body = { store_id: store, name };
  if (key === undefined) return ask("POST", "/persons", { body });
  return (await (await post("/persons", JSON.stringify(body), { "Content-Type": "application/json", "Idempotency-Key": key })).json()) as Schemas["ListedPersonOut"];
}

/** What each row of a CSV file says, and what is wrong with it; nothing is stored. */
export const readRows = async (list: Id, csv: File) => (await (await post(`/watchlists/${list}/rows`, csv, { "Content-Type": "text/csv" })).json()) as Schemas["ImportRowsOut"];

export const checkFace = (store: Id, list: Id, file: File) => postFile<FaceCheck>(`/stores/${store}/faces/check?watchlist_id=${list}`, file);

export async function enrol(person: Id, file: File, fields: Record<string, string>, key?: string): Promise<Entry> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value !== "") form.set(name, value);
  form.set("picture", file);
  return (await (await post(`/persons/${person}/enrolments`, form, key === undefined ? {} : { "Idempotency-Key": key })).json()) as Entry;
}

async function post(path: string, body: BodyInit, headers: Record<string, string>): Promise<Response> {
  const answer = await authorized(API + path, { method: "POST", headers, body, signal: AbortSignal.timeout(60_000) });
  if (answer.ok) return answer;
  throw new ApiError(answer.status, sentenceOf(answer.status, await answer.json().catch(() => null)));
}

export const leads = (store: Id, state: readonly string[]) => ask<Page<Lead>>("GET", "/matches", { query: { store_id: store, state, limit: 100 } }).then((page) => page.items);
export const lead = (id: Id) => ask<Lead>("GET", `/matches/${id}`);
export const seenPicture = (id: Id) => askBlob(`/matches/${id}/seen-picture`);
export const enrolledPicture = (id: Id) => askBlob(`/matches/${id}/enrolled-picture`);
export const review = (id: Id, verdict: Verdict, reason: string) => ask<Lead>("POST", `/matches/${id}/review`, { body: { verdict, reason } });
export const suspensions = (store: Id) => ask<Page<Suspension>>("GET", "/match-suspensions", { query: { store_id: store } }).then((page) => page.items);
export const liftSuspension = (id: Id, reason: string) => ask<Suspension>("POST", `/match-suspensions/${id}/lift`, { body: { reason } });
export const falseMatches = (store: Id, days: number) => ask<FalseMatches>("GET", "/reports/false-matches", { query: { store_id: store, days } });

const thresholdsAt = (store: Id) => `/stores/${store}/match-thresholds`;
export const thresholds = (store: Id) => ask<Thresholds>("GET", thresholdsAt(store));
export const proposeThreshold = (store: Id, list: Id | null, threshold: number) => ask<unknown>("POST", thresholdsAt(store), { body: { watchlist_id: list, threshold } });
export const decideThreshold = (store: Id, proposal: Id, act: "approve" | "reject") => ask<unknown>("POST", `${thresholdsAt(store)}/${act}`, { body: { proposal_id: proposal } });
