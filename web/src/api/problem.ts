/** What went wrong with a request, as one sentence a person can act on. */

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

const BY_STATUS: Record<number, string> = {
  401: "You are no longer signed in. Sign in again.",
  403: "Your role does not allow this.",
  404: "This no longer exists. Somebody may have removed it.",
  409: "Somebody else changed this in the meantime.",
  413: "This is too large.",
  422: "The server did not accept this input.",
  429: "Too many attempts. Wait a moment and try again.",
  503: "The server is not ready yet. Try again in a moment.",
};

/** The sentence for an RFC 9457 problem document (or whatever else came with `status`); `unauthorized` for a 401 without words. */
export function sentenceOf(status: number, body: unknown, unauthorized?: string): string {
  const fallback = (status === 401 ? unauthorized : undefined) ?? BY_STATUS[status] ?? `The server answered with error ${status}.`;
  if (typeof body !== "object" || body === null) return fallback;
  const problem = body as Record<string, unknown>;
  for (const key of ["detail", "title", "error_description"]) {
    const text = problem[key];
    if (typeof text === "string" && text.trim()) return asSentence(text);
  }
  return fieldErrors(problem["errors"] ?? problem["detail"]) || fallback;
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
  return error instanceof Error ? asSentence(error.message) : "Something went wrong.";
}
