import { ChartColumn } from "lucide-react";
import { useMemo, useState } from "react";
import { useCameras } from "../cameras/cameras";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { duration, humanise } from "../text/format";
import { alertCounts, precision, response, type AlertCount, type Outcomes, type Response } from "./endpoints";
import { Threshold } from "./Threshold";

const SPANS: readonly [number, string][] = [[1, "Last day"], [7, "Last 7 days"], [30, "Last 30 days"], [365, "Last year"]];
const DAY_MS = 86_400_000;
type By = "kind" | "store" | "camera";

/** How often alerts were right, how fast somebody reacted, when they came. */
export function ReportsPage() {
  useTitle("Reports");
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
  const failed = [rows, times, counts].find(({ error }) => error);
  return (
    <div className="page page-reports">
      <header className="page-head">
        <h1>Reports</h1>
      </header>
      <div className="filters">
        <select aria-label="Time" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {SPANS.map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
        {stores.length > 1 && (
          <select aria-label="Stores" value={everywhere ? "all" : "one"} onChange={(event) => setEverywhere(event.target.value === "all")}>
            <option value="one">{store.name}</option>
            <option value="all">All stores</option>
          </select>
        )}
        <select aria-label="Precision by" value={by} onChange={(event) => setBy(event.target.value as By)} data-testid="report-by">
          <option value="kind">By rule</option>
          <option value="store">By rule and store</option>
          <option value="camera">By rule and camera</option>
        </select>
      </div>
      {failed?.error && <Failure sentence={failed.error} retry={failed.reload} />}
      {counts.value?.length === 0 ? (
        <Empty title="No alerts in this time" icon={<ChartColumn size={36} aria-hidden="true" />} />
      ) : (
        <>
          {rows.value && <Precision rows={rows.value} since={since} />}
          {times.value && <Times rows={times.value} />}
          {counts.value && <When counts={counts.value} />}
        </>
      )}
    </div>
  );
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

function Precision({ rows, since }: { rows: Outcomes[]; since: string }) {
  const { named } = useCameras();
  const { stores } = usePlace();
  const [open, setOpen] = useState<string | null>(null);
  return (
    <section className="panel" aria-label="Precision">
      <h2>How often they were right</h2>
      <p className="quiet">Of alerts that somebody judged. The line is the range in which the true share lies with 95 % confidence.</p>
      <table className="report" data-testid="report-precision">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Right</th>
            <th scope="col">Wrong</th>
            <th scope="col">Unknown</th>
            <th scope="col">Not judged</th>
            <th scope="col" className="wide">
              Precision
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
                  {humanise(row.kind)}
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
                      Threshold…
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
  if (row.precision === null) return <span className="quiet">nothing judged</span>;
  return (
    <span className="interval" title={`between ${percent(row.low)} and ${percent(row.high)}`}>
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
    <section className="panel" aria-label="Response">
      <h2>How fast somebody reacted</h2>
      <table className="report" data-testid="report-response">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Alerts</th>
            <th scope="col">Reacted to</th>
            <th scope="col">Went up</th>
            <th scope="col">Reaction, half within</th>
            <th scope="col">9 of 10 within</th>
            <th scope="col">Done, half within</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.kind}>
              <th scope="row">{humanise(row.kind)}</th>
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
    <section className="panel" aria-label="When">
      <h2>When they came</h2>
      <p className="quiet">By the store's clock.</p>
      <Bars label="Alerts by hour of the day" bars={hours.map((count, hour) => [String(hour).padStart(2, "0"), count])} />
      <Bars label="Alerts by day" bars={[...byDay].slice(-31).map(([day, count]) => [day.slice(5), count])} />
    </section>
  );
}

function Bars({ label, bars }: { label: string; bars: [string, number][] }) {
  const most = Math.max(1, ...bars.map(([, count]) => count));
  return (
    <figure className="bars">
      <figcaption>{label}</figcaption>
      <ol>
        {bars.map(([name, count]) => (
          <li key={name} title={`${name}: ${count}`}>
            <span className="bars-count">{count > 0 ? count : ""}</span>
            <span className="bars-bar" style={{ height: `${(count / most) * 90}px` }} />
            <small>{name}</small>
          </li>
        ))}
      </ol>
    </figure>
  );
}
