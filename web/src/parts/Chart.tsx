import { lazy, Suspense } from "react";
import { clock } from "../text/format";
import { t } from "./texts";
import type { Series } from "./plot";

/** The drawing library is loaded with the first chart only. */
const Plot = lazy(() => import("./plot"));

interface Props {
  title: string;
  /** Seconds since 1970, rising. */
  times: readonly number[];
  series: readonly Series[];
  unit: string;
}

/** Lines over time, and the same figures as a table for whoever does not see them. */
export function Chart({ title, times, series, unit }: Props) {
  return (
    <figure className="chart" aria-label={title}>
      <Suspense fallback={<div className="chart-room" />}>
        <Plot times={times} series={series} unit={unit} />
      </Suspense>
      <details>
        <summary>{t("chartTable")}</summary>
        <div className="table-scroll" tabIndex={0} role="group" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("time")}</th>
                {series.map(({ name }) => (
                  <th scope="col" key={name}>
                    {name} ({unit})
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((time, row) => (
                <tr key={time}>
                  <th scope="row">{clock(new Date(time * 1000).toISOString(), Date.now())}</th>
                  {series.map(({ name, values }) => (
                    <td key={name}>{values[row] ?? "–"}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
