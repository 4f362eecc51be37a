/** What the dashboard asks about evidence. */
import { ask, askBlob } from "../api/client";
import type { components } from "../api/schema";
import type { Id, Page } from "../api/types";

type Schemas = components["schemas"];
export type Piece = Schemas["EvidenceOut"];
export type Boxes = Schemas["BoxesOut"];
export type Seen = Schemas["SightingOut"];
export type CustodyList = Schemas["CustodyListOut"];

const CONTENT_TIMEOUT_MS = 120_000;

export const evidenceOfAlert = async (alertId: Id) => (await ask<Page<Piece>>("GET", "/evidence", { query: { alert_id: alertId } })).items;
export const evidenceOfIncident = async (incidentId: Id) => (await ask<Page<Piece>>("GET", `/incidents/${incidentId}/evidence`)).items;
export const pieceOf = (id: Id) => ask<Piece>("GET", `/evidence/${id}`);
export const playBack = (cameraId: Id, from: Date, to: Date) => ask<Piece>("POST", `/cameras/${cameraId}/playback`, { body: { from: from.toISOString(), to: to.toISOString() } });
export const content = (id: Id, signal?: AbortSignal) => askBlob(`/evidence/${id}/content`, { timeoutMs: CONTENT_TIMEOUT_MS, ...(signal ? { signal } : {}) });
export const boxes = (id: Id) => ask<Boxes>("GET", `/evidence/${id}/boxes`);
export const custody = (id: Id) => ask<CustodyList>("GET", `/evidence/${id}/custody`);
export const hold = (id: Id, held: boolean, reason: string) => ask<Piece>("POST", `/evidence/${id}/hold`, { body: { held, reason } });
export type Redaction = Schemas["Redaction"];
export type ExportMade = Schemas["ExportOut"];
export interface ExportWish {
  purpose: string;
  recipient: string;
  redaction: Redaction;
  /** Track ids; null: whom the alert is about. */
  subjects: string[] | null;
  valid_hours: number;
}
export const askForExport = (id: Id, body: ExportWish) => ask<ExportMade>("POST", `/evidence/${id}/export`, { body });
export const previewOf = (id: Id, redaction: Redaction, subjects: string[] | null, signal: AbortSignal) =>
  askBlob(`/evidence/${id}/preview`, { timeoutMs: CONTENT_TIMEOUT_MS, signal, query: { redaction, ...(subjects ? { subject: subjects } : {}) } });
export const exportsOf = async (id: Id) => (await ask<{ items: ExportMade[] }>("GET", `/evidence/${id}/exports`)).items;
export const packageOf = (id: Id, exportId: Id) => askBlob(`/evidence/${id}/exports/${exportId}/package`, { timeoutMs: CONTENT_TIMEOUT_MS });
export const signingKey = () => ask<Schemas["KeyOut"]>("GET", "/evidence-key");
