import { useCallback, useEffect, useRef, useState } from "react";
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

/** Loads at first and whenever `key` changes. An answer for an earlier key is dropped. */
export function useLoad<T>(key: string | null, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string | null; value: T | null; error: string | null; loading: boolean }>({
    key: null,
    value: null,
    error: null,
    loading: true,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) return;
    let wanted = true;
    setState((old) => ({ ...old, key, value: old.key === key ? old.value : null, loading: true }));
    latest.current().then(
      (value) => wanted && setState({ key, value, error: null, loading: false }),
      (error: unknown) => wanted && setState((old) => ({ ...old, error: sentenceFor(error), loading: false })),
    );
    return () => {
      wanted = false;
    };
  }, [key, round]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  const change = useCallback(
    (edit: (value: T) => T) => setState((old) => (old.value === null ? old : { ...old, value: edit(old.value) })),
    [],
  );
  return { value: state.key === key ? state.value : null, error: state.error, loading: state.loading, reload, change };
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
