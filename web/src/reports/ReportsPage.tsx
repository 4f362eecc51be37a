import { ChartColumn } from "lucide-react";
import { useMemo, useState } from "react";
import { useCameras } from "../cameras/cameras";
import { SaveCsv } from "../parts/SaveCsv";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { days as inDays, duration } from "../text/format";
import { kindName } from "../text/kinds";
import { Bars } from "./Bars";
import { alertCounts, footfall, precision, response, uptime, type AlertCount, type Outcomes, type Response } from "./endpoints";
import { Seen } from "./Seen";
import { Threshold } from "./Threshold";
import { Up } from "./Up";
import { t } from "./texts";

const SPANS = [1, 7, 30, 365];
const MOST_FOOTFALL_DAYS = 31;
const DAY_MS = 86_400_000;
type By = "kind" | "store" | "camera";

/** How often alerts were right, how fast somebody reacted, when they came. */
export function ReportsPage() {
  useTitle(t("reports"));
  const { store, stores } = usePlace();
  const [days, setDays] = useState(30);
  const [by, setBy] = useState<By>("kind");
  const [everywhere, setEverywhere] = useState(false);
  const since = useMemo(() => new Date(Date.now() - days * DAY_MS).toISOString(), [days]);
  const query = { since, store_id: everywhere ? null : store.id };
  const key = `${since} ${query.store_id}`;
  const rows = useLoad(`precision ${key} ${by}`, () => precision({ ...query, by }));
  const times = useLoad(`response ${key}`, () => response(query));
  const counts = useLoad(`alerts ${key}`, () => alertCounts(query));
  const seen = useLoad(`footfall ${key}`, async () => {
    const within = { ...query, since: new Date(Math.max(Date.parse(since), Date.now() - MOST_FOOTFALL_DAYS * DAY_MS + 60_000)).toISOString() };
    const rows = await footfall({ ...within, by: everywhere ? "hour" : "both" });
    return { byHour: rows.filter(({ day }) => day !== null), byCamera: rows.filter(({ day }) => day === null) };
  });
  const ups = useLoad(`uptime ${key}`, () => uptime(query));
  const failed = [rows, times, counts, seen, ups].find(({ error }) => error);
  return (
    <div className="page page-reports">
      <header className="page-head">
        <h1>{t("reports")}</h1>
      </header>
      <div className="filters">
        <select aria-label={t("time")} value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {SPANS.map((value) => (
            <option key={value} value={value}>
              {value === 1 ? t("lastDay") : value === 365 ? t("lastYear") : t("lastDays", { days: inDays(value) })}
            </option>
          ))}
        </select>
        {stores.length > 1 && (
          <select aria-label={t("stores")} value={everywhere ? "all" : "one"} onChange={(event) => setEverywhere(event.target.value === "all")}>
            <option value="one">{store.name}</option>
            <option value="all">{t("allStores")}</option>
          </select>
        )}
        <select aria-label={t("precisionBy")} value={by} onChange={(event) => setBy(event.target.value as By)} data-testid="report-by">
          <option value="kind">{t("byRule")}</option>
          <option value="store">{t("byRuleAndStore")}</option>
          <option value="camera">{t("byRuleAndCamera")}</option>
        </select>
      </div>
      {failed?.error && <Failure sentence={failed.error} retry={failed.reload} />}
      {counts.value?.length === 0 ? (
        <Empty title={t("noAlertsInThisTime")} icon={<ChartColumn size={36} aria-hidden="true" />} />
      ) : (
        <>
          {rows.value && <Precision rows={rows.value} since={since} />}
          {times.value && <Times rows={times.value} />}
          {counts.value && <When counts={counts.value} />}
        </>
      )}
      {days > MOST_FOOTFALL_DAYS && <p className="page-note">{t("footfallMonth")}</p>}
      {seen.value && <Seen {...seen.value} days={Math.min(days, MOST_FOOTFALL_DAYS)} ofOne={!everywhere} />}
      {ups.value && <Up rows={ups.value} />}
    </div>
  );
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

function Precision({ rows, since }: { rows: Outcomes[]; since: string }) {
  const { named } = useCameras();
  const { stores } = usePlace();
  const [open, setOpen] = useState<string | null>(null);
  return (
    <section className="panel" aria-label={t("precision")}>
      <div className="panel-head">
        <h2>{t("howOftenTheyWereRight")}</h2>
        <SaveCsv name={t("precision")} rows={() => [[t("rule"), t("stores"), t("camera"), t("right"), t("wrong"), t("unknown"), t("notJudged"), t("precision")], ...rows.map((row) => [kindName(row.kind), stores.find(({ id }) => id === row.store_id)?.name ?? null, row.camera_id && named(row.camera_id), row.right, row.wrong, row.unknown, row.open, row.precision])]} />
      </div>
      <p className="quiet">{t("ofAlertsThatSomebodyJudgedThe")}</p>
      <table className="report" data-testid="report-precision">
        <thead>
          <tr>
            <th scope="col">{t("rule")}</th>
            <th scope="col">{t("right")}</th>
            <th scope="col">{t("wrong")}</th>
            <th scope="col">{t("unknown")}</th>
            <th scope="col">{t("notJudged")}</th>
            <th scope="col" className="wide">
              {t("precision")}
            </th>
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const key = `${row.kind} ${row.store_id} ${row.camera_id}`;
            const place = row.camera_id ? named(row.camera_id) : stores.find(({ id }) => id === row.store_id)?.name;
            return (
              <tr key={key}>
                <th scope="row">
                  {kindName(row.kind)}
                  {place && <small>{place}</small>}
                </th>
                <td>{row.right}</td>
                <td>{row.wrong}</td>
                <td>{row.unknown}</td>
                <td>{row.open}</td>
                <td className="wide">
                  <Interval row={row} />
                </td>
                <td>
                  {!row.kind.startsWith("camera-") && (
                    <button type="button" className="button button-small" onClick={() => setOpen(open === key ? null : key)} aria-expanded={open === key} data-testid="suggest">
                      {t("threshold")}
                    </button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.map((row) => {
        const key = `${row.kind} ${row.store_id} ${row.camera_id}`;
        return open === key && <Threshold key={key} row={row} since={since} />;
      })}
    </section>
  );
}

function Interval({ row }: { row: Outcomes }) {
  if (row.precision === null) return <span className="quiet">{t("nothingJudged")}</span>;
  return (
    <span className="interval" title={t("betweenAnd", { low: percent(row.low), high: percent(row.high) })}>
      <span className="interval-track" aria-hidden="true">
        <span style={{ left: `${row.low * 100}%`, right: `${(1 - row.high) * 100}%` }} />
        <i style={{ left: `${row.precision * 100}%` }} />
      </span>
      {percent(row.precision)} <small>{`${percent(row.low)} – ${percent(row.high)}`}</small>
    </span>
  );
}

function Times({ rows }: { rows: Response[] }) {
  const time = (seconds: number | null) => (seconds === null ? "–" : duration(seconds));
  return (
    <section className="panel" aria-label={t("response")}>
      <div className="panel-head">
        <h2>{t("howFastSomebodyReacted")}</h2>
        <SaveCsv name={t("response")} rows={() => [[t("rule"), t("alerts"), t("reactedTo"), t("wentUp"), `${t("reactionHalfWithin")} (s)`, `${t("n9Of10Within")} (s)`, `${t("doneHalfWithin")} (s)`], ...rows.map((row) => [kindName(row.kind), row.alerts, row.reacted, row.escalated, row.reaction_p50_s, row.reaction_p90_s, row.end_p50_s])]} />
      </div>
      <table className="report" data-testid="report-response">
        <thead>
          <tr>
            <th scope="col">{t("rule")}</th>
            <th scope="col">{t("alerts")}</th>
            <th scope="col">{t("reactedTo")}</th>
            <th scope="col">{t("wentUp")}</th>
            <th scope="col">{t("reactionHalfWithin")}</th>
            <th scope="col">{t("n9Of10Within")}</th>
            <th scope="col">{t("doneHalfWithin")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.kind}>
              <th scope="row">{kindName(row.kind)}</th>
              <td>{row.alerts}</td>
              <td>{row.reacted}</td>
              <td>{row.escalated}</td>
              <td>{time(row.reaction_p50_s)}</td>
              <td>{time(row.reaction_p90_s)}</td>
              <td>{time(row.end_p50_s)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function When({ counts }: { counts: AlertCount[] }) {
  const hours = Array.from({ length: 24 }, (_, hour) => counts.filter((each) => each.hour === hour).reduce((sum, each) => sum + each.alerts, 0));
  const byDay = new Map<string, number>();
  for (const each of counts) byDay.set(each.day, (byDay.get(each.day) ?? 0) + each.alerts);
  return (
    <section className="panel" aria-label={t("when")}>
      <div className="panel-head">
        <h2>{t("whenTheyCame")}</h2>
        <SaveCsv name={t("alerts")} rows={() => [[t("day"), t("hour"), t("rule"), t("alerts")], ...counts.map((each) => [each.day, each.hour, kindName(each.kind), each.alerts])]} />
      </div>
      <p className="quiet">{t("byTheStoreSClock")}</p>
      <Bars label={t("alertsByHourOfTheDay")} bars={hours.map((count, hour) => [String(hour).padStart(2, "0"), count])} />
      <Bars label={t("alertsByDay")} bars={[...byDay].slice(-31).map(([day, count]) => [day.slice(5), count])} />
    </section>
  );
}
