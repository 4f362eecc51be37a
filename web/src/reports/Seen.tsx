import { useCameras } from "../cameras/cameras";
import { SaveCsv } from "../parts/SaveCsv";
import type { Cell } from "../parts/csv";
import { Bars } from "./Bars";
import type { Footfall } from "./endpoints";
import { t } from "./texts";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const two = (hour: number) => String(hour).padStart(2, "0");

/** How many people cameras saw, by hour of the day and by camera; figures only. */
export function Seen({ byHour, byCamera }: { byHour: Footfall[]; byCamera: Footfall[] }) {
  const { named } = useCameras();
  const days = new Set(byHour.map(({ day }) => day)).size;
  const hours = HOURS.map((hour) => sum(byHour.filter((each) => each.hour === hour)));
  const cameras = [...new Set(byCamera.flatMap(({ camera_id }) => camera_id ?? []))].map((id) => byCamera.filter(({ camera_id }) => camera_id === id));
  const most = Math.max(1, ...byCamera.map(({ people }) => people));
  const rows = (): Cell[][] => [[t("day"), t("hour"), t("peopleSeen")], ...byHour.map(({ day, hour, people }) => [day, hour, people])];
  return (
    <section className="panel" aria-label={t("footfall")} data-testid="report-footfall">
      <div className="panel-head">
        <h2>{t("footfall")}</h2>
        <SaveCsv name={t("footfall")} rows={rows} testId="footfall-csv" />
      </div>
      <p className="quiet">{t("footfallWhat")}</p>
      {days === 0 ? (
        <p className="page-note">{t("nobodySeen")}</p>
      ) : (
        <>
          <Bars label={t("peopleADay")} bars={hours.map((people, hour) => [two(hour), Math.round((10 * people) / days) / 10])} />
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
                        <td key={hour} style={{ "--heat": `${Math.round((60 * people) / most)}%` } as React.CSSProperties}>
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
    </section>
  );
}

const sum = (rows: readonly Footfall[]) => rows.reduce((total, { people }) => total + people, 0);
