/** Questions about how long evidence stays, by name. */
import { ask } from "../api/client";
import type { components } from "../api/schema";
import type { Id, Page } from "../api/types";

type Schemas = components["schemas"];
export type RetentionClass = Schemas["RetentionClass"];
export type Rule = Schemas["RetentionRuleOut"];
export type Rules = Schemas["RulesOut"];
export type Receipt = Schemas["ReceiptOut"];

export const rules = () => ask<Rules>("GET", "/retention");
export const setRule = (kind: RetentionClass, storeId: Id | null, days: number, mostBytes: number | null) =>
  ask<Rule>("PUT", "/retention", { body: { class: kind, store_id: storeId, days, most_bytes: mostBytes } });
export const receipts = async () => (await ask<Page<Receipt>>("GET", "/retention/receipts", { query: { limit: 100 } })).items;
