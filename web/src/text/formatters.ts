/** Intl formatters are dear to make: one for each language, zone and shape. */
import { locale } from "./language";
import { currentZone } from "./zone";

const made = new Map<string, Intl.DateTimeFormat>();

/** `zone` undefined: the chosen store's. */
export function formatter(options: Intl.DateTimeFormatOptions, zone = currentZone()): Intl.DateTimeFormat {
  const key = `${locale()} ${zone ?? ""} ${JSON.stringify(options)}`;
  let found = made.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale(), zone ? { ...options, timeZone: zone } : options);
    made.set(key, found);
  }
  return found;
}
