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

export function currentZone(): string | undefined {
  return zone;
}
