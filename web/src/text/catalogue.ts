/**
 * Texts by key, in each language. A slice keeps its own catalogue beside its pages, so it is loaded with them:
 *
 *     export const t = catalogue({ en: { people: { one: "{count} person", other: "{count} people" } }, es: { … } });
 *     t("people", { count: 3 })
 *
 * A key that Spanish lacks, or a value the text does not ask for, does not compile.
 */
import { language, type Language } from "./language";

/** A text, or its forms by the `count` that it is told. */
export type Text = string | { one: string; other: string };

type Names<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type NamesOf<T extends Text> = T extends string ? Names<T> : T extends { other: infer O extends string } ? Names<O> | "count" : never;
type Values<T extends Text> = [NamesOf<T>] extends [never] ? [] : [values: Record<NamesOf<T>, string | number>];

export type Translate<E extends Record<string, Text>> = <K extends keyof E & string>(key: K, ...values: Values<E[K]>) => string;

export function catalogue<const E extends Record<string, Text>>(texts: { en: E; es: { [K in keyof E]: Text } }): Translate<E> {
  return (key, ...[values]) => fill(texts[language()][key] as Text, (values ?? {}) as Record<string, string | number>, language());
}

/** The text with its values put in; figures as the language writes them. */
export function fill(text: Text, values: Record<string, string | number>, of: Language): string {
  const chosen = typeof text === "string" ? text : form(text, Number(values["count"]), of);
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? new Intl.NumberFormat(of).format(value) : value;
  });
}

function form(text: { one: string; other: string }, count: number, of: Language): string {
  return new Intl.PluralRules(of).select(count) === "one" ? text.one : text.other;
}
