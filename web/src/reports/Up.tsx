import { Link } from "react-router";
import { SaveCsv } from "../parts/SaveCsv";
import { duration } from "../text/format";
import type { Uptime } from "./endpoints";
import { t } from "./texts";

/** How long each camera sent pictures, the worst first. */
export function Up({ rows }: { rows: Uptime[] }) {
  const percent = (share: number) => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
  return (
    <section className="panel" aria-label={t("uptime")} data-testid="report-uptime">
      <div className="panel-head">
        <h2>{t("uptime")}</h2>
        <SaveCsv name={t("uptime")} rows={() => [[t("camera"), t("up"), t("gaps"), t("longestGap")], ...rows.map((row) => [row.name, Math.round(row.share * 1e4) / 1e4, row.gaps, Math.round(row.longest_gap_s)])]} testId="uptime-csv" />
      </div>
      <p className="quiet">{t("uptimeWhat")}</p>
      {rows.length === 0 ? (
        <p className="page-note">{t("noCameras")}</p>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={t("uptime")}>
          <table className="report">
            <thead>
              <tr>
                <th scope="col">{t("camera")}</th>
                <th scope="col" className="wide">
                  {t("up")}
                </th>
                <th scope="col">{t("gaps")}</th>
                <th scope="col">{t("longestGap")}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.camera_id}>
                  <th scope="row">
                    <Link to={`/cameras/${row.camera_id}`}>{row.name}</Link>
                  </th>
                  <td className="wide">
                    <span className="share" aria-hidden="true">
                      <span style={{ width: `${row.share * 100}%` }} />
                    </span>{" "}
                    {percent(row.share)}
                  </td>
                  <td>{row.gaps}</td>
                  <td>{row.gaps ? duration(row.longest_gap_s) : "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
