/** A store's floor plan: its picture, and where cameras hang on it. */
import { queryOptions } from "@tanstack/react-query";
import { ask, askBlob, sendFile } from "../api/client";
import type { components } from "../api/schema";
import type { Id } from "../api/types";

export type FloorPlan = components["schemas"]["FloorPlanOut"];
/** x, y in 0..1 of the plan; heading clockwise from its top; reach as a share of its width. */
export type CameraPlace = components["schemas"]["CameraPlaceOut"];

export const PICTURE_TYPES = ["image/png", "image/jpeg"];
export const LARGEST_PICTURE = 12 << 20;

const address = (storeId: Id) => `/stores/${storeId}/floor-plan`;

export const planQuery = (storeId: Id) => queryOptions({ queryKey: ["floor-plan", storeId], queryFn: () => ask<FloorPlan>("GET", address(storeId)) });
export const planPicture = (storeId: Id) => askBlob(`${address(storeId)}/picture`);
export const putPlanPicture = (storeId: Id, file: File) => sendFile<FloorPlan>("PUT", `${address(storeId)}/picture`, file);
export const putPlan = (storeId: Id, body: components["schemas"]["FloorPlanIn"]) => ask<FloorPlan>("PUT", address(storeId), { body });
export const removePlan = (storeId: Id) => ask<void>("DELETE", address(storeId));
