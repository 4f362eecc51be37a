/** The store's time zone: all times on the pages are the store's, wherever the browser is. */
let zone: string | undefined;

/** Called when a store is chosen; undefined for the browser's own zone. An unknown name changes nothing. */
export function setZone(name: string | undefined): void {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    zone = name;
  } catch {
    zone = undefined;
  }
}

/** The moment at which a day ("2026-11-26") begins in the store, as the service takes it. `later`: so many days after it. */
export function dayStart(day: string, later = 0): string {
  const midnight = Date.parse(`${day}T00:00:00Z`) + later * 86_400_000;
  const near = midnight - offset(midnight);
  return new Date(midnight - offset(near)).toISOString(); // asked again: the clocks may change in between
}

/**
 * The moment at which the store's clock shows "2026-11-26T14:30" (of a datetime-local input), as the service takes it.
 * An hour that comes twice is the first; in one that is skipped the clock has not been changed yet.
 */
export function momentOf(local: string): string {
  const shown = Date.parse(`${local}Z`);
  const [early, late] = [shown - 86_400_000, shown + 86_400_000].map((near) => shown - offset(near)) as [number, number];
  const shows = (at: number) => at + offset(at) === shown;
  return new Date(shows(early) || !shows(late) ? early : late).toISOString();
}

/** How far the store's clock is ahead of UTC, milliseconds. */
function offset(at: number): number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
  const of = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const shown = Date.UTC(of["year"] ?? 0, (of["month"] ?? 1) - 1, of["day"], of["hour"], of["minute"], of["second"]);
  return shown - Math.floor(at / 1000) * 1000;
}

export function currentZone(): string | undefined {
  return zone;
}
