/** Layouts kept by the service: one's own, and those of the store for everybody. */
import { ask } from "../api/client";
import { everything } from "../api/endpoints";
import type { components } from "../api/schema";
import type { Id } from "../api/types";
import type { Layout } from "./layout";

export type SavedLayout = components["schemas"]["LayoutOut"];

export interface NamedLayout extends Layout {
  name: string;
  shared: boolean;
}

export const layoutsKey = (storeId: Id) => ["layouts", storeId];
export const layouts = (storeId: Id) => everything<SavedLayout>(`/stores/${storeId}/layouts`);
export const removeLayout = (id: Id) => ask<void>("DELETE", `/layouts/${id}`);

/** A layout of this name and for the same people is written over; the others stay. */
export function saveLayout(storeId: Id, { shared, ...shown }: NamedLayout, saved: readonly SavedLayout[]): Promise<SavedLayout> {
  const before = saved.find((each) => each.name === shown.name && each.shared === shared);
  if (before) return ask<SavedLayout>("PUT", `/layouts/${before.id}`, { body: shown });
  return ask<SavedLayout>("POST", `/stores/${storeId}/layouts`, { body: { ...shown, shared } });
}
