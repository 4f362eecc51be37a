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
  default: "from published figures; nobody measured yet",
  pictures: "measured on a set of pictures",
  strangers: "measured on the strangers that this chain's cameras saw",
};
const DAY_MS = 86_400_000;

export const categoryName = (category: string): string => CATEGORIES[category] ?? category;
export const bandName = (band: string): string => BANDS[band] ?? band;
export const verdictName = (verdict: string): string => VERDICTS[verdict] ?? verdict;

const STATES: Readonly<Record<string, string>> = { confirmed: "The same person", rejected: "Somebody else", undecided: "Nobody could tell", withdrawn: "Entry ended" };
const FINDINGS: Readonly<Record<string, string>> = {
  size: "small", sharpness: "blurred", pose: "turned away", light: "badly lit", occlusion: "covered", drawing: "looks like a drawing", "cut-off": "cut off",
  duplicate: "probably on this list already", "look-alike": "looks like somebody on a list",
};

export const stateName = (state: string): string => STATES[state] ?? state;
export const findingName = (finding: string): string => FINDINGS[finding] ?? finding;
export const monthName = (month: string): string => new Date(`${month}-01T00:00:00Z`).toLocaleDateString(undefined, { month: "short", year: "numeric", timeZone: "UTC" });

/** How the person was told, or why not. */
export const noticeText = (entry: { notice_given_on: string | null; notice_how: string; notice_withheld: string }): string =>
  entry.notice_given_on ? `Told on ${entry.notice_given_on}: ${entry.notice_how}.` : `Not told: ${entry.notice_withheld}.`;

/** Four places of a least value, rounded so that what is shown is enough. */
export const upwards = (least: number): string => (Math.ceil(least * 10_000 - 1e-9) / 10_000).toFixed(4);

export const sourceName = (source: string): string => SOURCES[source] ?? source;

/** How many a day, as people say it: "about 2 a day (1 to 5)", "fewer than one a year". */
export function perDay(figure: { value: number; low: number; high: number } | null): string {
  if (figure === null) return "cannot be said yet";
  if (figure.high * 365 < 1) return "fewer than one a year";
  if (figure.high * 7 < 1) return `about ${round(figure.value * 365)} a year (${round(figure.low * 365)} to ${round(figure.high * 365)})`;
  return `about ${round(figure.value)} a day (${round(figure.low)} to ${round(figure.high)})`;
}

/** The same of strangers who pass, where nobody knows yet how many do: "up to 1 of 1,000 strangers". */
export function ofThousand(figure: { low: number; high: number } | null): string {
  if (figure === null) return "cannot be said yet";
  if (figure.high === 0) return "none: nobody is on it";
  if (figure.high < 0.01) return "fewer than 1 of 100,000 strangers";
  return `${round(figure.low)} to ${round(figure.high)} of 1,000 strangers`;
}

/** A share with its 95 % interval (Wilson 1927), which holds for few passes, too; null without any. */
export function wilson(wrong: number, of: number): { share: number; low: number; high: number } | null {
  if (!(of > 0) || !(wrong >= 0) || wrong > of) return null;
  const z = 1.96;
  const share = wrong / of;
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of))) / (1 + (z * z) / of);
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
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

/** What comes in each of the next `months` months: entries that end, and entries that are looked at again. */
export function calendar(entries: readonly { expires_at: string; review_on: string }[], now: Date, months = 12): { month: string; ends: number; reviews: number }[] {
  return Array.from({ length: months }, (_, ahead) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
    const month = first.toISOString().slice(0, 7);
    return {
      month,
      ends: entries.filter(({ expires_at }) => expires_at.startsWith(month)).length,
      reviews: entries.filter(({ review_on }) => review_on.startsWith(month)).length,
    };
  });
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
