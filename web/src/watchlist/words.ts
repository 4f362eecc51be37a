/** Words and days of lists and leads. Pure. */
import { locale } from "../text/language";
import { t } from "./texts";

const CATEGORIES: Readonly<Record<string, string>> = {
  get violence() { return t("violence"); },
  get weapon() { return t("weapon"); },
  get "organised-theft"() { return t("organisedTheft"); },
  get "exclusion-order"() { return t("exclusionOrder"); },
};
const BANDS: Readonly<Record<string, string>> = { get low() { return t("justAboveTheThreshold"); }, get medium() { return t("aboveTheThreshold"); }, get high() { return t("farAboveTheThreshold"); } };
const VERDICTS: Readonly<Record<string, string>> = { get match() { return t("theSamePerson"); }, get "not-a-match"() { return t("somebodyElse"); }, get "cannot-tell"() { return t("cannotTell"); } };
const SOURCES: Readonly<Record<string, string>> = {
  get default() { return t("fromPublishedFiguresNobodyMeasuredYet"); },
  get pictures() { return t("measuredOnASetOfPictures"); },
  get strangers() { return t("measuredOnTheStrangersThatThis"); },
};
/** Where a picture comes from; there is no entry for what was found on the internet. */
export const pictureSources = () => [["incident-evidence", t("evidenceOfTheIncident")], ["store-camera", t("cameraOfThisStore")], ["police", t("police")], ["court", t("court")]] as const;
const DAY_MS = 86_400_000;

export const categoryName = (category: string): string => CATEGORIES[category] ?? category;
export const bandName = (band: string): string => BANDS[band] ?? band;
export const verdictName = (verdict: string): string => VERDICTS[verdict] ?? verdict;

const STATES: Readonly<Record<string, string>> = { get confirmed() { return t("theSamePerson"); }, get rejected() { return t("somebodyElse"); }, get undecided() { return t("nobodyCouldTell"); }, get withdrawn() { return t("entryEnded"); } };
const FINDINGS: Readonly<Record<string, string>> = {
  get size() { return t("small"); }, get sharpness() { return t("blurred"); }, get pose() { return t("turnedAway"); }, get light() { return t("badlyLit"); }, get occlusion() { return t("covered"); }, get drawing() { return t("looksLikeADrawing"); }, get "cut-off"() { return t("cutOff"); },
  get duplicate() { return t("probablyOnThisListAlready"); }, get "look-alike"() { return t("looksLikeSomebodyOnAList"); },
};

export const stateName = (state: string): string => STATES[state] ?? state;
export const findingName = (finding: string): string => FINDINGS[finding] ?? finding;
export const monthName = (month: string): string => new Date(`${month}-01T00:00:00Z`).toLocaleDateString(locale(), { month: "short", year: "numeric", timeZone: "UTC" });

/** Age and vulnerability as the enroller said them, and how that is known; nothing infers either. */
export function ageText({ under_18, vulnerable, age_basis }: { under_18: boolean; vulnerable: boolean; age_basis: string }): string {
  return `${under_18 ? t("under18") : t("notUnder18")}, ${vulnerable ? t("isVulnerable") : t("isNotVulnerable")} (${age_basis}).`;
}

export const pictureFrom = (source: string): string => (pictureSources().find(([key]) => key === source)?.[1] ?? source).toLowerCase();

/** How the person was told, or why not. */
export const noticeText = (entry: { notice_given_on: string | null; notice_how: string; notice_withheld: string }): string =>
  entry.notice_given_on ? t("toldOn", { noticeGivenOn: entry.notice_given_on, noticeHow: entry.notice_how }) : t("notTold", { noticeWithheld: entry.notice_withheld });

/** Four places of a least value, rounded so that what is shown is enough. */
export const upwards = (least: number): string => (Math.ceil(least * 10_000 - 1e-9) / 10_000).toFixed(4);

export const sourceName = (source: string): string => SOURCES[source] ?? source;

/** How many a day, as people say it: "about 2 a day (1 to 5)", "fewer than one a year". */
export function perDay(figure: { value: number; low: number; high: number } | null): string {
  if (figure === null) return t("cannotBeSaidYet");
  if (figure.high * 365 < 1) return t("fewerThanOneAYear");
  if (figure.high * 7 < 1) return t("aboutAYearTo", { value: round(figure.value * 365), low: round(figure.low * 365), high: round(figure.high * 365) });
  return t("aboutADayTo", { value: round(figure.value), low: round(figure.low), high: round(figure.high) });
}

/** The same of strangers who pass, where nobody knows yet how many do: "up to 1 of 1,000 strangers". */
export function ofThousand(figure: { low: number; high: number } | null): string {
  if (figure === null) return t("cannotBeSaidYet");
  if (figure.high === 0) return t("noneNobodyIsOnIt");
  if (figure.high < 0.01) return t("fewerThan1Of100000");
  return t("toOf1000Strangers", { low: round(figure.low), high: round(figure.high) });
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
  if (days <= 0) return t("over");
  return days === 1 ? t("endsWithinADay") : t("daysLeft", { days });
}

/** Whether an entry should have been looked at again by `now`. */
export const overdue = (review_on: string, now: Date): boolean => review_on <= dayAfter(now, 0);

/** What an erasure removed and what is left of it, in a sentence. */
export function receiptText(receipt: { [name: string]: unknown }): string {
  const counts = (part: unknown) => {
    const count = (name: string) => Number((part as Record<string, unknown> | undefined)?.[name] ?? 0);
    const said = [
      [count("templates"), t("templates", { count: count("templates") })],
      [count("pictures"), t("pictures", { count: count("pictures") })],
      [count("lead_pictures"), t("picturesOfLeads", { count: count("lead_pictures") })],
    ] as const;
    return said.flatMap(([number, words]) => (number > 0 ? [words] : [])).join(", ");
  };
  return t("erasedLeft", { removed: counts(receipt["removed"]) || t("nothingWasLeftToRemove"), left: counts(receipt["remaining"]) || t("nothingLeft") });
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
