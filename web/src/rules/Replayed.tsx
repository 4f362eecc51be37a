import { History } from "lucide-react";
import { useRef, useState } from "react";
import { sentenceFor } from "../api/problem";
import { useCameras } from "../cameras/cameras";
import { useNow } from "../shell/hooks";
import { ago, clock } from "../text/format";
import { replay, type RuleDraft } from "./endpoints";
import { NOTHING, plus, verdict, type Total } from "./replayed";

const SPANS: readonly [number, string][] = [[1, "hour"], [24, "day"], [72, "3 days"], [168, "7 days"]];
const HOUR_MS = 3_600_000;
const MOST_SHOWN = 40;

/** What the last days would have alerted with this setting, before and after, by camera and hour. */
export function Replayed({ draft }: { draft: RuleDraft }) {
  const [hours, setHours] = useState(24);
  const [total, setTotal] = useState<Total | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const turn = useRef(0);
  const start = async () => {
    const mine = (turn.current += 1);
    const until = Date.now();
    const since = until - hours * HOUR_MS;
    setBusy(true);
    setError(null);
    let found = NOTHING;
    setTotal(found);
    try {
      for (let at = since; at < until && mine === turn.current; ) {
        const part = await replay(draft, new Date(at).toISOString(), new Date(until).toISOString());
        found = plus(found, part, since, until);
        if (mine === turn.current) setTotal(found);
        at = Math.max(at + 1, Date.parse(part.covered_until));
      }
    } catch (reason) {
      if (mine === turn.current) setError(sentenceFor(reason));
    }
    if (mine === turn.current) setBusy(false);
  };
  return (
    <section className="replay" aria-label="Try it on the past">
      <h3>Try it on the past</h3>
      <p className="quiet">Nothing is changed. The same rules look at what was kept of the last days: where feet were and what was measured, never pictures.</p>
      <div className="form-actions">
        <select aria-label="How far back" value={hours} onChange={(event) => setHours(Number(event.target.value))}>
          {SPANS.map(([value, word]) => (
            <option key={value} value={value}>
              The last {word}
            </option>
          ))}
        </select>
        <button type="button" className="button" disabled={busy} onClick={() => void start()} data-testid="replay">
          <History size={16} aria-hidden="true" />
          {busy ? "Looking…" : "Show what it would have alerted"}
        </button>
        {busy && (
          <button type="button" className="button button-quiet" onClick={() => ((turn.current += 1), setBusy(false))}>
            Stop
          </button>
        )}
      </div>
      {busy && <progress value={total?.done ?? 0} max={1} aria-label="How far it came" />}
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      {total && total.done > 0 && <Result total={total} />}
    </section>
  );
}

function Result({ total }: { total: Total }) {
  const { named } = useCameras();
  const now = useNow(30_000);
  const most = Math.max(1, ...total.cells.flatMap(({ before, after }) => [before, after]));
  const changed = total.alerts.filter((each) => each.before !== each.after);
  return (
    <div data-testid="replay-result">
      <p className="replay-verdict" data-testid="replay-verdict">
        {verdict(total)}
      </p>
      <p className="quiet">
        {total.limits.length === 0 ? "Exact for cameras analysed at up to 8 frames a second." : `Approximate: ${total.limits.join(" ")}`} {total.raised} {total.raised === 1 ? "was" : "were"} really
        raised, under the settings of the time.{total.keptSince ? ` Kept since ${ago(total.keptSince, now)}.` : " Nothing has been kept of these cameras yet."}
      </p>
      {total.cells.length > 0 && (
        <table className="replay-cells">
          <thead>
            <tr>
              <th scope="col">Hour</th>
              <th scope="col">Camera</th>
              <th scope="col">As it is set</th>
              <th scope="col">As asked</th>
            </tr>
          </thead>
          <tbody>
            {total.cells.slice(-MOST_SHOWN).map((cell) => (
              <tr key={`${cell.hour} ${cell.camera_id}`}>
                <th scope="row">{clock(cell.hour, now)}</th>
                <td>{named(cell.camera_id)}</td>
                <Bar count={cell.before} most={most} side="before" />
                <Bar count={cell.after} most={most} side="after" />
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {changed.length > 0 && (
        <ul className="case-list">
          {changed.slice(0, MOST_SHOWN).map((each) => (
            <li key={`${each.camera_id} ${each.raised_at}`}>
              <span>
                {clock(each.raised_at, now)}, {named(each.camera_id)}
              </span>
              <small>{each.after ? "would have come besides" : "would not have come"}</small>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Bar({ count, most, side }: { count: number; most: number; side: "before" | "after" }) {
  return (
    <td className="bar" data-side={side}>
      <span style={{ width: `${(count / most) * 70}%` }} />
      {count}
    </td>
  );
}
