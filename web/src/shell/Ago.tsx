import { useMemo, useSyncExternalStore } from "react";
import { ago, clock } from "../text/format";
import { everySecond } from "./seconds";

/** "2 min ago". Of a thousand of these only those are drawn anew that say something else than a second before. */
export function Ago({ at }: { at: string }) {
  const said = useSyncExternalStore(everySecond, () => ago(at, Date.now()));
  const hour = Math.floor(Date.now() / 3_600_000); // at midnight a time alone needs its day
  const title = useMemo(() => clock(at, Date.now()), [at, hour]); // the dear part: three dates are formatted
  return (
    <time dateTime={at} title={title}>
      {said}
    </time>
  );
}
