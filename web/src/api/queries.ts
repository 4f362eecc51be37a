/**
 * The pages' memory of the server (TanStack Query). Keys begin with the noun and end with what narrows it:
 * ["cameras", storeId], ["zones", cameraId]. After a change, `invalidateQueries({ queryKey: ["zones"] })`.
 */
import { QueryClient, type Query } from "@tanstack/react-query";
import { ApiError } from "./problem";
import { session } from "./session";

const MOST_TRIES = 3;
const FRESH_MS = 5_000;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // "always": a store's network may have no internet, which browsers call offline.
      queries: { staleTime: FRESH_MS, retry: shouldRetry, retryDelay, networkMode: "always" },
      mutations: { retry: false, networkMode: "always" }, // an act is repeated by a person, who sees what became of the first
    },
  });
}

/** Again only where the server may answer otherwise: not after a refusal. */
export function shouldRetry(failures: number, error: unknown): boolean {
  if (failures >= MOST_TRIES) return false;
  return !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
}

/** Asks again every `everyMs` while what was loaded says so; not after an error, from which a person goes on. */
export function lookAgain<T>(everyMs: number, waits: (found: T) => boolean) {
  return ({ state }: Query<T>) => state.error === null && state.data !== undefined && waits(state.data) && everyMs;
}

export function retryDelay(failures: number): number {
  return Math.min(8_000, 500 * 2 ** failures) * (0.5 + Math.random() / 2);
}

export const queries = makeQueryClient();

// What one person saw is not shown to the next.
session.subscribe(() => session.status === "signed-out" && queries.clear());
