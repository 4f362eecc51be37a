/** What went wrong with a request, as one sentence a person can act on. */
import { language } from "../text/language";
import { t } from "./problemTexts";
import { spanishFor } from "./spanish";

export class ApiError extends Error {
  override readonly name = "ApiError";

  /** `status` is 0 when no answer came at all. `message` is the sentence to show. */
  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

const BY_STATUS = { 401: "signedOut", 403: "forbidden", 404: "gone", 409: "changed", 413: "tooLarge", 422: "unusable", 429: "tooMany", 503: "notReady" } as const;

function byStatus(status: number): string {
  const key = (BY_STATUS as Record<number, (typeof BY_STATUS)[keyof typeof BY_STATUS]>)[status];
  return key ? t(key) : t("other", { status });
}

/** What the service said, in the language of the page: where that has no words for it, what kind of refusal it is and what was said. */
function inLanguage(status: number, said: string): string {
  return language() === "en" ? said : (spanishFor(said) ?? t("quoted", { kind: byStatus(status), said }));
}

/** The sentence for an RFC 9457 problem document (or whatever else came with `status`); `unauthorized` for a 401 without words. */
export function sentenceOf(status: number, body: unknown, unauthorized?: string): string {
  const fallback = (status === 401 ? unauthorized : undefined) ?? byStatus(status);
  if (typeof body !== "object" || body === null) return fallback;
  const problem = body as Record<string, unknown>;
  for (const key of ["detail", "title", "error_description"]) {
    const text = problem[key];
    if (typeof text === "string" && text.trim()) return inLanguage(status, asSentence(text));
  }
  const wrong = fieldErrors(problem["errors"] ?? problem["detail"]);
  return wrong ? inLanguage(status, wrong) : fallback;
}

/** "url: Field required." from a list of validation errors; "" when there is none. */
function fieldErrors(errors: unknown): string {
  if (!Array.isArray(errors)) return "";
  const parts = errors.flatMap((entry: unknown) => {
    if (typeof entry === "string") return [entry];
    if (typeof entry !== "object" || entry === null) return [];
    const { loc, msg, message, field } = entry as Record<string, unknown>;
    const text = typeof msg === "string" ? msg : typeof message === "string" ? message : "";
    const where = Array.isArray(loc) ? loc.filter((part) => part !== "body").join(".") : field;
    return text ? [where ? `${String(where)}: ${text}` : text] : [];
  });
  return parts.length ? asSentence(parts.join("; ")) : "";
}

function asSentence(text: string): string {
  const trimmed = text.trim();
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** The sentence for anything thrown while asking the server. */
export function sentenceFor(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return error instanceof Error ? asSentence(error.message) : t("wrong");
}
