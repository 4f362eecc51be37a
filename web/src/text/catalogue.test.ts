import { afterEach, describe, expect, it } from "vitest";
import { catalogue } from "./catalogue";
import { languageChoice } from "./language";

const t = catalogue({
  en: { plain: "Stores", people: { one: "{count} person", other: "{count} people" }, named: "{name} of {place}" },
  es: { plain: "Tiendas", people: { one: "{count} persona", other: "{count} personas" }, named: "{name} de {place}" },
});

describe("catalogue", () => {
  afterEach(() => languageChoice.set("en"));

  it.each([
    ["en", "Stores", "1 person", "1,200 people", "Till of North"],
    ["es", "Tiendas", "1 persona", "1200 personas", "Till de North"],
  ] as const)("speaks %s", (language, plain, one, many, named) => {
    languageChoice.set(language);
    expect([t("plain"), t("people", { count: 1 }), t("people", { count: 1200 })]).toEqual([plain, one, many]);
    expect(t("named", { name: "Till", place: "North" })).toBe(named);
  });

  it("does not compile without its values, nor without a key", () => {
    // @ts-expect-error count is missing
    expect(t("people")).toContain("{count}");
    // @ts-expect-error no such key in es
    catalogue({ en: { a: "a", b: "b" }, es: { a: "a" } });
  });
});
