import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import { sentenceFor } from "../api/problem";

/** The time, renewed every `everyMs`. */
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export interface Loaded<T> {
  value: T | null;
  /** One sentence, null when the last load worked. */
  error: string | null;
  loading: boolean;
  reload: () => void;
  change: (edit: (value: T) => T) => void;
}

/** Loads at first and whenever `key` changes; shared with nobody. Pages that share what they know use `useQuery` with a key of `api/queries`. */
export function useLoad<T>(key: string | null, load: () => Promise<T>): Loaded<T> {
  const own = useId();
  const queryKey = useMemo(() => ["own", own, key], [own, key]);
  return useLoaded(queryKey, useQuery({ queryKey, queryFn: load, enabled: key !== null, staleTime: Infinity, gcTime: 0, retry: false }));
}

/** A query in the shape of `useLoad`. */
export function useLoaded<T>(queryKey: readonly unknown[], { data, error, isFetching, refetch }: UseQueryResult<T>): Loaded<T> {
  const client = useQueryClient();
  const reload = useCallback(() => void refetch(), [refetch]);
  const change = useCallback((edit: (value: T) => T) => void client.setQueryData<T>(queryKey, (old) => (old === undefined ? old : edit(old))), [client, queryKey]);
  return { value: data ?? null, error: error ? sentenceFor(error) : null, loading: isFetching, reload, change };
}

/** A choice kept in this browser. */
export function useKept<T>(name: string, initial: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => {
    try {
      const kept = localStorage.getItem(`pennyprotect.${name}`);
      return kept === null ? initial : (JSON.parse(kept) as T);
    } catch {
      return initial;
    }
  });
  const keep = useCallback(
    (next: T) => {
      setValue(next);
      try {
        localStorage.setItem(`pennyprotect.${name}`, JSON.stringify(next));
      } catch {
        // Private windows may refuse; the choice then lasts as long as the page.
      }
    },
    [name],
  );
  return [value, keep];
}

/** Single keys for the whole page, never while typing or with a modifier. */
export function useKeys(keys: Record<string, () => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const act = latest.current[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.closest("input, select, textarea, dialog[open]") !== null || target.isContentEditable);
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · PennyProtect`;
  }, [title]);
}
