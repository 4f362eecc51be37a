import { startTransition, useEffect, useRef, useState } from "react";
import { markSeen, seenAlerts } from "../api/endpoints";
import type { Alert, Id } from "../api/types";

/** As many ids as one request takes; an address has its limits. */
const ASKED = 100;

/** Which of these this person has not opened yet; the opened one is noted. Until the server says, none counts as new. */
export function useUnseen(alerts: readonly Alert[], opened: Id | undefined): ReadonlySet<Id> {
  const [unseen, setUnseen] = useState<ReadonlySet<Id>>(new Set());
  const asked = useRef(new Set<Id>());
  useEffect(() => {
    const wanted = alerts.map(({ id }) => id).filter((id) => !asked.current.has(id)).slice(0, ASKED);
    if (wanted.length === 0) return;
    for (const id of wanted) asked.current.add(id);
    seenAlerts(wanted).then(
      // A hundred rows may change at once: in pieces between frames.
      (found) => startTransition(() => setUnseen((old) => new Set([...old, ...wanted.filter((id) => !found.includes(id))]))),
      () => wanted.forEach((id) => asked.current.delete(id)), // asked again with the next change of the list
    );
  }, [alerts]);
  useEffect(() => {
    if (opened === undefined) return;
    markSeen([opened]).catch(() => undefined); // it only stays new
    return () => setUnseen((old) => new Set([...old].filter((id) => id !== opened)));
  }, [opened]);
  return unseen;
}
