/** Passes of an acceptance test, by camera and light, and what they come to. Pure. */
import { wilson } from "../watchlist/words";
import { t } from "./texts";

export interface Passes {
  camera: string;
  light: string;
  strangers: number;
  false_matches: number;
  enrolled: number;
  misses: number;
}

export const COUNTS = ["strangers", "false_matches", "enrolled", "misses"] as const;
export type Counts = Record<(typeof COUNTS)[number], number>;
export const LIGHTS = ["day", "evening", "night", "backlight"] as const;

/** All rows together; a count that is not filled in is none. A camera counts that somebody walked past. */
export function sum(rows: readonly Passes[]): Counts & { cameras: number } {
  const total = { strangers: 0, false_matches: 0, enrolled: 0, misses: 0, cameras: new Set(rows.filter(({ strangers, enrolled }) => strangers > 0 || enrolled > 0).map(({ camera }) => camera)).size };
  for (const row of rows) for (const each of COUNTS) total[each] += Number.isFinite(row[each]) ? row[each] : 0;
  return total;
}

/** What is wrong with the counts, in a sentence; null where they can be recorded. */
export function mistake(counts: Counts): string | null {
  if (counts.strangers < 1 || counts.enrolled < 1) return t("somebodyOfTheTestSList");
  if (counts.false_matches > counts.strangers) return t("moreStrangersWereTakenForSomebody");
  if (counts.misses > counts.enrolled) return t("morePeopleOfTheListWere");
  return null;
}

/** "0 of 100 (0.0 % to 3.7 %)": the interval says how little few passes prove. */
export function rate(wrong: number, of: number): string {
  const found = wilson(wrong, of);
  if (found === null) return t("cannotBeSaid");
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  return t("ofTrueRateBetweenAnd", { wrong, of, low: percent(found.low), high: percent(found.high) });
}

/** The counts of a report of `pennyprotect bench acceptance --json`; null where it is none. */
export function ofReport(text: string): (Counts & { cameras: number; performed_on: string }) | null {
  try {
    const { record } = JSON.parse(text) as { record?: Record<string, unknown> };
    const counts = ["cameras", ...COUNTS].map((name) => record?.[name]);
    if (!record || typeof record["performed_on"] !== "string" || !counts.every((each) => Number.isInteger(each))) return null;
    return record as unknown as Counts & { cameras: number; performed_on: string };
  } catch {
    return null;
  }
}
