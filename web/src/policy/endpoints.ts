/** What the policy and training pages ask. */
import { API, ask, askBlob, authorized } from "../api/client";
import { ApiError, sentenceOf } from "../api/problem";
import type { components } from "../api/schema";
import type { Id, Page } from "../api/types";

type Schemas = components["schemas"];
export type Standing = Schemas["StandingOut"];
export type Pack = Schemas["PackOut"];
export type Place = Schemas["PlaceOut"];
export type Revision = Schemas["RevisionOut"];
export type Proposal = Schemas["ProposalOut"];
export type Switch = Schemas["Switch"];
export type Gap = Schemas["GapOut"];
export type AcceptanceTest = Schemas["AcceptanceTestOut"];
export type AcceptanceTestDraft = Schemas["AcceptanceTestIn"];
export type PolicyDraft = Required<Schemas["PolicyIn"]>;
export type Coverage = Schemas["CoverageOut"];
export type Course = Schemas["CourseOut"];
export type TrainingRecord = Schemas["RecordOut"];
export type Trainee = Schemas["TraineeOut"];

const at = (store: Id) => `/stores/${store}/policy`;

export const standing = (store: Id) => ask<Standing>("GET", at(store));
export const coverage = (store: Id) => ask<Coverage>("GET", `${at(store)}/coverage`);
export const jurisdictions = () => ask<Pack>("GET", "/jurisdictions");
export const history = async (store: Id) => (await ask<Page<Revision>>("GET", `${at(store)}/history`, { query: { limit: 20 } })).items;
export const propose = (store: Id, draft: PolicyDraft) => ask<Standing>("PUT", at(store), { body: draft });
export const decide = (store: Id, proposal: Id, act: "approve" | "reject") => ask<Standing>("POST", `${at(store)}/${act}`, { body: { proposal_id: proposal } });
export const switchOff = (store: Id, switches: Switch[], reason: string) => ask<Standing>("POST", `${at(store)}/off`, { body: { switches, reason } });
export const moveStore = (store: Id, jurisdiction: string) => ask<Standing>("PUT", `/stores/${store}/jurisdiction`, { body: { jurisdiction } });
export const recordTest = (store: Id, test: AcceptanceTestDraft) => ask<AcceptanceTest>("POST", `${at(store)}/acceptance-tests`, { body: test });
export const signPhoto = (store: Id, photo: Id) => askBlob(`${at(store)}/sign-photos/${photo}`);

/** The sign as SVG. */
export async function makeSign(store: Id, language: string, switches: Switch[], notice: string): Promise<Blob> {
  return send(`${at(store)}/sign`, "application/json", JSON.stringify({ language, switches, notice_text: notice })).then((answer) => answer.blob());
}

export const addSignPhoto = (store: Id, takenOn: string, file: File) => send(`${at(store)}/sign-photos?taken_on=${takenOn}`, file.type || "image/jpeg", file);

async function send(path: string, type: string, body: BodyInit): Promise<Response> {
  const answer = await authorized(API + path, { method: "POST", headers: { "Content-Type": type }, body, signal: AbortSignal.timeout(60_000) });
  if (answer.ok) return answer;
  throw new ApiError(answer.status, sentenceOf(answer.status, await answer.json().catch(() => null)));
}

export const courses = async () => (await ask<Page<Course>>("GET", "/training/courses")).items;
export const addCourse = (name: string, valid_months: number) => ask<Course>("POST", "/training/courses", { body: { name, gate: "match-review", valid_months } });
export const retireCourse = (id: Id) => ask<void>("DELETE", `/training/courses/${id}`);
export const trainingRecords = async () => (await ask<Page<TrainingRecord>>("GET", "/training/records", { query: { limit: 200 } })).items;
export const trainees = async () => (await ask<Page<Trainee>>("GET", "/training/people")).items;
export const recordTraining = (record: Schemas["RecordIn"]) => ask<TrainingRecord>("POST", "/training/records", { body: record });
export const withdrawTraining = (id: Id) => ask<void>("DELETE", `/training/records/${id}`);
