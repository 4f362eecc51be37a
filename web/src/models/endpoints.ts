/** What the page of models asks. */
import { ask, askBlob } from "../api/client";
import { ApiError } from "../api/problem";
import type { components } from "../api/schema";
import type { Id } from "../api/types";

type Schemas = components["schemas"];
export type Models = Schemas["ModelsOut"];
export type Pointer = Schemas["PointerOut"];
export type Version = Schemas["ModelVersionOut"];
export type Watch = Schemas["WatchOut"];
export type Limits = Schemas["LimitsOut"];
export type ShadowReport = Schemas["ShadowReportOut"];
export type Agreement = Schemas["AgreementOut"];
export type Drifts = Schemas["DriftsOut"];
export type Disagreement = Schemas["DisagreementOut"];

/** Its versions alone are compared on cameras. */
export const POSE_MODEL = "yolo_pose";

export const drift = () => ask<Drifts>("GET", "/models/drift");
export const models = () => ask<Models>("GET", "/models");
export const promote = (id: Id, share: number, limits: Partial<Limits>) => ask<Pointer>("POST", `/models/versions/${id}/promote`, { body: { share, limits } });
export const rollBack = (model: string) => ask<Pointer>("POST", "/models/rollback", { body: { model } });
export const retire = (id: Id) => ask<Version>("POST", `/models/versions/${id}/retire`, { body: {} });
export const startShadow = (id: Id, share: number) => ask<Schemas["ShadowOut"]>("POST", `/models/versions/${id}/shadow`, { body: { share } });
export const endShadow = (model: string) => ask<Schemas["ShadowOut"]>("POST", "/models/shadow/end", { body: { model } });
export const still = (id: Id) => askBlob(`/models/disagreements/${id}/picture`);

/** What the shadow run showed; null where none ever ran. */
export async function shadowReport(): Promise<ShadowReport | null> {
  try {
    return await ask<ShadowReport>("GET", "/models/shadow");
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
