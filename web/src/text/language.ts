/** The language of the page, kept in this browser; the browser's own at first. */
import { Choice } from "./choice";

export const LANGUAGES = { en: "English", es: "Español" } as const;
export type Language = keyof typeof LANGUAGES;

export const languageChoice = new Choice<Language>("language", ["en", "es"], () => (preferred().startsWith("es") ? "es" : "en"));

export function language(): Language {
  return languageChoice.get();
}

/** For dates and figures: what the language means in Europe, so that days come before months and clocks have 24 hours. */
export function locale(): string {
  return { en: "en-GB", es: "es-ES" }[language()];
}

function preferred(): string {
  return typeof navigator === "undefined" ? "en" : (navigator.language ?? "en").toLowerCase();
}
