import { useCameras } from "../cameras/cameras";
import { SaveCsv } from "../parts/SaveCsv";
import type { Cell } from "../parts/csv";
import { Bars } from "./Bars";
import type { Footfall } from "./endpoints";
import { aDay, sum } from "./footfall";
import { t } from "./texts";

/** Of the colour, in percent: words on it keep their contrast of 4.5 in both themes (4.1 at 60 in the dark one). */
const HEAT_MOST = 45;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const two = (hour: number) => String(hour).padStart(2, "0");

/** How many people cameras saw, by hour of the day over the `days` asked about and, `ofOne` store, by camera; figures only. */
export function Seen({ byHour, byCamera, days, ofOne }: { byHour: Footfall[]; byCamera: Footfall[]; days: number; ofOne: boolean }) {
  const { named } = useCameras();
  const cameras = [...new Set(byCamera.flatMap(({ camera_id }) => camera_id ?? []))].map((id) => byCamera.filter(({ camera_id }) => camera_id === id));
  const most = Math.max(1, ...byCamera.map(({ people }) => people));
  const rows = (): Cell[][] => [[t("day"), t("hour"), t("peopleSeen")], ...byHour.map(({ day, hour, people }) => [day, hour, people])];
  const cells = (): Cell[][] => [[t("camera"), t("hour"), t("peopleSeen")], ...byCamera.map(({ camera_id, hour, people }) => [named(camera_id ?? ""), hour, people])];
  return (
    <section className="panel" aria-label={t("footfall")} data-testid="report-footfall">
      <div className="panel-head">
        <h2>{t("footfall")}</h2>
        <SaveCsv name={t("footfall")} rows={rows} testId="footfall-csv" />
      </div>
      <p className="quiet">{t("footfallWhat")}</p>
      {byHour.length === 0 ? (
        <p className="page-note">{t("nobodySeen")}</p>
      ) : (
        <>
          <Bars label={t("peopleADay")} bars={aDay(byHour, days).map((people, hour) => [two(hour), people])} />
          {ofOne && (
            <>
              <div className="panel-head">
                <h3>{t("byCamera")}</h3>
                <SaveCsv name={t("byCamera")} rows={cells} testId="footfall-by-camera-csv" />
              </div>
              <div className="table-scroll" tabIndex={0} role="group" aria-label={t("byCamera")}>
                <table className="report heat">
                  <thead>
                    <tr>
                      <th scope="col">{t("camera")}</th>
                      {HOURS.map((hour) => (
                        <th key={hour} scope="col">
                          {two(hour)}
                        </th>
                      ))}
                    </tr>
                  </thead>
                  <tbody>
                    {cameras.map((cells) => (
                      <tr key={cells[0]?.camera_id}>
                        <th scope="row">{named(cells[0]?.camera_id ?? "")}</th>
                        {HOURS.map((hour) => {
                          const people = sum(cells.filter((each) => each.hour === hour));
                          return (
                            <td key={hour} style={{ "--heat": `${Math.round((HEAT_MOST * people) / most)}%` } as React.CSSProperties}>
                              {people || ""}
                            </td>
                          );
                        })}
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </>
          )}
        </>
      )}
    </section>
  );
}
