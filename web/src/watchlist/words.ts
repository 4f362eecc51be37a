/** Words and days of lists and leads. Pure. */

const CATEGORIES: Readonly<Record<string, string>> = {
  violence: "Violence",
  weapon: "Weapon",
  "organised-theft": "Organised theft",
  "exclusion-order": "Exclusion order",
};
const BANDS: Readonly<Record<string, string>> = { low: "Just above the threshold", medium: "Above the threshold", high: "Far above the threshold" };
const VERDICTS: Readonly<Record<string, string>> = { match: "The same person", "not-a-match": "Somebody else", "cannot-tell": "Cannot tell" };
const SOURCES: Readonly<Record<string, string>> = {
  default: "a careful number, for nobody measured yet",
  pictures: "measured on a set of pictures",
  strangers: "measured on the strangers that this chain's cameras saw",
};
const DAY_MS = 86_400_000;

export const categoryName = (category: string): string => CATEGORIES[category] ?? category;
export const bandName = (band: string): string => BANDS[band] ?? band;
export const verdictName = (verdict: string): string => VERDICTS[verdict] ?? verdict;

export const sourceName = (source: string): string => SOURCES[source] ?? source;

/** How many a day, as people say it: "about 2 a day (1 to 5)", "fewer than one a year". */
export function perDay(figure: { value: number; low: number; high: number } | null): string {
  if (figure === null) return "cannot be said yet";
  if (figure.high * 365 < 1) return "fewer than one a year";
  if (figure.high * 7 < 1) return `about ${round(figure.value * 365)} a year (${round(figure.low * 365)} to ${round(figure.high * 365)})`;
  return `about ${round(figure.value)} a day (${round(figure.low)} to ${round(figure.high)})`;
}

const round = (value: number): string => (value >= 10 ? value.toFixed(0) : value.toPrecision(2).replace(/\.?0+$/, ""));

/** The local day `days` from `now`, as a date input takes it. */
export function dayAfter(now: Date, days: number): string {
  const there = new Date(now.getTime() + days * DAY_MS);
  return `${there.getFullYear()}-${String(there.getMonth() + 1).padStart(2, "0")}-${String(there.getDate()).padStart(2, "0")}`;
}

/** How long something lasts from `now`: "ends today", "12 days left", "over". */
export function daysLeft(end: string, now: Date): string {
  const days = Math.ceil((Date.parse(end) - now.getTime()) / DAY_MS);
  if (days <= 0) return "over";
  return days === 1 ? "ends within a day" : `${days} days left`;
}

/** Entries by the month they end in, the soonest first. */
export function byMonth<T extends { expires_at: string }>(entries: readonly T[]): [string, T[]][] {
  const months = new Map<string, T[]>();
  for (const entry of [...entries].sort((a, b) => a.expires_at.localeCompare(b.expires_at))) {
    const month = entry.expires_at.slice(0, 7);
    months.set(month, [...(months.get(month) ?? []), entry]);
  }
  return [...months];
}
