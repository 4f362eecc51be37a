/** One way to ask the server: bearer token, one renewal on 401, a deadline, errors as sentences. */
import { ApiError, sentenceOf } from "./problem";
import { t } from "./problemTexts";
import { session } from "./session";

export const API = "/api/v1";
const TIMEOUT_MS = 15_000;
const FILE_TIMEOUT_MS = 60_000;

export type Query = Record<string, string | readonly string[] | number | null | undefined>;

export interface Ask {
  query?: Query;
  body?: unknown;
  timeoutMs?: number;
  signal?: AbortSignal;
}

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

/** JSON from the server (undefined for 204); ApiError otherwise. */
export async function ask<T>(method: Method, path: string, options: Ask = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** Bytes from the server, e.g. a snapshot. */
export async function askBlob(path: string, options: Ask & { method?: Method } = {}): Promise<Blob> {
  return (await send(options.method ?? "GET", path, options)).blob();
}

/** JSON for a file that is posted as it is. */
export const postFile = <T>(path: string, file: File): Promise<T> => sendFile<T>("POST", path, file);

/** JSON for a file that is sent as it is. */
export async function sendFile<T>(method: "POST" | "PUT", path: string, file: File): Promise<T> {
  const headers = { "Content-Type": file.type || "image/jpeg" };
  try {
    const answer = await authorized(API + path, { method, headers, body: file, signal: AbortSignal.timeout(FILE_TIMEOUT_MS) });
    const said: unknown = await answer.json().catch(() => null);
    if (!answer.ok) throw new ApiError(answer.status, sentenceOf(answer.status, said));
    return said as T;
  } catch (error) {
    throw readable(error);
  }
}

async function send(method: Method, path: string, options: Ask): Promise<Response> {
  const headers: Record<string, string> = {};
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = randomKey();
  const deadline = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const init: RequestInit = {
    method,
    headers,
    signal: options.signal ? AbortSignal.any([options.signal, deadline]) : deadline,
    ...(options.body !== undefined ? { body: JSON.stringify(options.body) } : {}),
  };
  try {
    const response = await authorized(API + path + queryText(options.query), init);
    if (response.ok) return response;
    throw new ApiError(response.status, sentenceOf(response.status, await response.json().catch(() => null)));
  } catch (error) {
    throw readable(error);
  }
}

/** `fetch` with the bearer token, repeated once with a fresh one after a 401. */
export async function authorized(url: string, init: RequestInit): Promise<Response> {
  const token = await session.accessToken();
  const response = await fetch(url, bearer(init, token));
  if (response.status !== 401) return response;
  if (!(await session.renewAfter(token))) return response;
  return fetch(url, bearer(init, await session.accessToken()));
}

function bearer(init: RequestInit, token: string | null): RequestInit {
  if (!token) return init;
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return { ...init, headers };
}

/** "?a=1&b=2&b=3", "" for nothing; empty values are left out. */
export function queryText(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined || value === "") continue;
    const values = typeof value === "object" ? value : [value];
    for (const each of values) params.append(key, String(each));
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

function readable(error: unknown): unknown {
  if (error instanceof ApiError) return error;
  if (error instanceof DOMException && error.name === "AbortError") return error;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new ApiError(0, t("late"));
  }
  return new ApiError(0, t("away"));
}

/** 128 random bits. `crypto.randomUUID` is missing on plain-http addresses other than localhost. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
