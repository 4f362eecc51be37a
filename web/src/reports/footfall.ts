/** Sums over footfall. Pure. */
import type { Footfall } from "./endpoints";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

export const sum = (rows: readonly Pick<Footfall, "people">[]) => rows.reduce((total, { people }) => total + people, 0);

/** People in each hour of the day, on average over `days` days, those without anybody too; to a tenth. */
export const aDay = (rows: readonly Pick<Footfall, "hour" | "people">[], days: number): number[] =>
  HOURS.map((hour) => Math.round((10 * sum(rows.filter((each) => each.hour === hour))) / Math.max(1, days)) / 10);
