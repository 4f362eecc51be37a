/** Reports about alerts, by name. */
import { ask, type Query } from "../api/client";
import type { components } from "../api/schema";
import type { Page } from "../api/types";

type Schemas = components["schemas"];
export type Outcomes = Schemas["OutcomesOut"];
export type ThresholdReport = Schemas["ThresholdOut"];
export type AlertCount = Schemas["AlertCountOut"];
export type Response = Schemas["ResponseOut"];
export type Footfall = Schemas["FootfallOut"];
export type Uptime = Schemas["UptimeOut"];

export const precision = async (query: Query) => (await ask<Page<Outcomes>>("GET", "/reports/precision", { query })).items;
export const threshold = (query: Query) => ask<ThresholdReport>("GET", "/reports/threshold", { query });
export const alertCounts = async (query: Query) => (await ask<Page<AlertCount>>("GET", "/reports/alerts", { query })).items;
export const response = async (query: Query) => (await ask<Page<Response>>("GET", "/reports/response", { query })).items;
export const footfall = async (query: Query) => (await ask<Page<Footfall>>("GET", "/reports/footfall", { query })).items;
export const uptime = async (query: Query) => (await ask<Page<Uptime>>("GET", "/reports/uptime", { query })).items;
export type StoreState = Schemas["StoreStateOut"];
export const storeStates = async () => (await ask<Page<StoreState>>("GET", "/reports/stores")).items;
