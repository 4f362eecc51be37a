import { History } from "lucide-react";
import { useRef, useState } from "react";
import { sentenceFor } from "../api/problem";
import { useCameras } from "../cameras/cameras";
import { useNow } from "../shell/hooks";
import { ago, clock, days, hours } from "../text/format";
import { replay, type RuleDraft } from "./endpoints";
import { NOTHING, plus, verdict, type Total } from "./replayed";
import { t } from "./texts";

const SPANS: readonly [number, () => string][] = [[1, () => hours(1)], [24, () => days(1)], [72, () => days(3)], [168, () => days(7)]];
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
    <section className="replay" aria-label={t("tryItOnThePast")}>
      <h3>{t("tryItOnThePast")}</h3>
      <p className="quiet">{t("nothingIsChangedTheSameRules")}</p>
      <div className="form-actions">
        <select aria-label={t("howFarBack")} value={hours} onChange={(event) => setHours(Number(event.target.value))}>
          {SPANS.map(([value, word]) => (
            <option key={value} value={value}>
              {t("theLast", { word: word() })}
            </option>
          ))}
        </select>
        <button type="button" className="button" disabled={busy} onClick={() => void start()} data-testid="replay">
          <History size={16} aria-hidden="true" />
          {busy ? t("looking") : t("showWhatItWouldHaveAlerted")}
        </button>
        {busy && (
          <button type="button" className="button button-quiet" onClick={() => ((turn.current += 1), setBusy(false))}>
            {t("stop")}
          </button>
        )}
      </div>
      {busy && <progress value={total?.done ?? 0} max={1} aria-label={t("howFarItCame")} />}
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
        {total.limits.length === 0 ? t("exactForCamerasAnalysedAtUp") : t("approximate", { value: total.limits.join(" ") })} {total.raised} {total.raised === 1 ? t("was") : t("were")}{" "}{t("reallyRaisedUnderTheSettingsOf")}{total.keptSince ? (" " + t("keptSince", { keptSince: ago(total.keptSince, now) })) : (" " + t("nothingHasBeenKeptOfThese"))}
      </p>
      {total.cells.length > 0 && (
        <table className="replay-cells">
          <thead>
            <tr>
              <th scope="col">{t("hour")}</th>
              <th scope="col">{t("camera")}</th>
              <th scope="col">{t("asItIsSet")}</th>
              <th scope="col">{t("asAsked")}</th>
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
              <small>{each.after ? t("wouldHaveComeBesides2") : t("wouldNotHaveCome2")}</small>
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
