import { describe, expect, it } from "vitest";
import { literalsIn } from "./literals";

const sources = import.meta.glob<string>("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
const NOT_PAGES = /^\.\.\/(api|socket|styles)\/|\.test\.tsx?$|\.d\.ts$|[tT]exts\.ts$|^\.\.?\/(text\/)?(catalogue|choice|literals|explain|format|kinds|language|zone|formatters)|administration\/pages\.ts$/;

describe("words outside the catalogues", () => {
  it("are found in text, in what is read out, and in strings that are shown", () => {
    const source = `const WORDS = { a: "Being erased", path: "Being erased" };
      export const Page = () => <div className="Two Words" title="Held"><p>Hello there</p>{held ? "over" : t("gone")}{state === "over" && x}</div>;`;
    expect(literalsIn("x.tsx", source).map(({ text }) => text)).toEqual(["Being erased", "Held", "Hello there", "over"]);
  });

  const pages = Object.entries(sources).filter(([file]) => !NOT_PAGES.test(file));
  it("are on no page", () => {
    expect(pages.length).toBeGreaterThan(100);
    expect(pages.flatMap(([file, source]) => literalsIn(file, source).map(({ line, text }) => `${file}:${line} ${text}`))).toEqual([]);
  }, 60_000);
});
