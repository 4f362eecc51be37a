/** Portions of a replay put together. */
import type { Replay } from "./endpoints";
import { t } from "./texts";

export interface Total {
  frames: number;
  limits: string[];
  before: number;
  after: number;
  raised: number;
  cells: Replay["cells"];
  alerts: Replay["alerts"];
  keptSince: string | null;
  /** 0..1 of the asked time. */
  done: number;
}

export const NOTHING: Total = { frames: 0, limits: [], before: 0, after: 0, raised: 0, cells: [], alerts: [], keptSince: null, done: 0 };

export function plus(total: Total, part: Replay, since: number, until: number): Total {
  return {
    frames: total.frames + part.frames,
    limits: [...new Set([...total.limits, ...part.limits])],
    before: total.before + part.before.alerts,
    after: total.after + part.after.alerts,
    raised: total.raised + part.raised.alerts,
    cells: merged([...total.cells, ...part.cells]),
    alerts: [...total.alerts, ...part.alerts],
    keptSince: part.kept_since,
    done: Math.min(1, (Date.parse(part.covered_until) - since) / (until - since)),
  };
}

/** An hour that two portions share is one. */
function merged(cells: Replay["cells"]): Replay["cells"] {
  const found = new Map<string, Replay["cells"][number]>();
  for (const cell of cells) {
    const key = `${cell.hour} ${cell.camera_id}`;
    const known = found.get(key);
    found.set(key, known ? { ...known, before: known.before + cell.before, after: known.after + cell.after } : cell);
  }
  return [...found.values()];
}

/** The words of what would have changed. */
export function verdict({ before, after, alerts }: Total): string {
  const gone = alerts.filter((each) => each.before && !each.after).length;
  const more = alerts.filter((each) => !each.before && each.after).length;
  if (before === 0 && after === 0) return t("noAlertWithEitherSetting");
  if (gone === 0 && more === 0) return after === 1 ? t("theSame", { after: t("alert") }) : t("theSameAlerts", { after });
  const parts = [gone > 0 ? t("wouldNotHaveCome", { gone }) : "", more > 0 ? t("wouldHaveComeBesides", { more }) : ""].filter(Boolean);
  return t("alertsAsItIsSetAs", { before, after, value: parts.join(", ") });
}
