/**
 * Who is signed in. The access token lives in memory only; the refresh token is the httpOnly cookie `pp_refresh`,
 * which scripts never see. A server that answers with the refresh token in the body instead is served from memory.
 */
import { ApiError, sentenceOf } from "./problem";
import { t } from "./problemTexts";
import type { Token } from "./types";

export type SessionStatus = "unknown" | "signed-in" | "signed-out";

const TOKEN_URL = "/api/v1/auth/token";
const TOKEN_TIMEOUT_MS = 15_000;
/** Renew this long before the token ends, so that a request rarely meets a 401. */
const RENEW_EARLY_MS = 30_000;

export class Session {
  private token: string | null = null;
  private endsAt = 0;
  private refreshToken: string | null = null;
  private renewing: Promise<boolean> | null = null;
  private current: SessionStatus = "unknown";
  private readonly listeners = new Set<() => void>();

  get status(): SessionStatus {
    return this.current;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): SessionStatus => this.current;

  /** Sign in with a password; ApiError with a sentence when refused. The challenge to answer when a second factor is wanted. */
  async signIn(username: string, password: string): Promise<string | null> {
    return this.enter({ username, password });
  }

  /** Answer a challenge with a code; ApiError when it is wrong, after which the same challenge may be answered again. */
  async prove(challenge: string, totp: string): Promise<void> {
    await this.enter({ challenge, totp });
  }

  /** A session that the provider's answer opened: its refresh cookie is here already. */
  async arrive(): Promise<void> {
    hint("yes");
    await this.renew();
  }

  private async enter(form: Record<string, string>): Promise<string | null> {
    const answer = await askToken({ grant_type: "password", ...form });
    if (answer.ok) {
      this.accept(answer.body);
      return null;
    }
    const challenge = challengeOf(answer.body);
    if (challenge) return challenge;
    throw new ApiError(answer.status, sentenceOf(answer.status, answer.body, t("badPassword")));
  }

  /** Sign in again from the refresh cookie, once at the start. */
  async restore(): Promise<void> {
    if (this.current !== "unknown") return;
    if (hint() === null) this.become("signed-out");
    else await this.renew();
  }

  /** End the session here and on the server. */
  async signOut(): Promise<void> {
    const token = this.token;
    this.clear();
    try {
      await fetch("/api/v1/auth/logout", {
        method: "POST",
        headers: token ? { Authorization: `Bearer ${token}` } : {},
        signal: AbortSignal.timeout(5_000),
      });
    } catch {
      // Signed out here in any case; the server's session ends by its own clock.
    }
  }

  /** A token that is still good, renewed when near its end; null when signed out. */
  async accessToken(): Promise<string | null> {
    if (this.token && Date.now() > this.endsAt - RENEW_EARLY_MS) await this.renew();
    return this.token;
  }

  /** Renew after a 401 on `used`. True when there is a new token. Many callers share one renewal. */
  async renewAfter(used: string | null): Promise<boolean> {
    if (this.token && this.token !== used) return true;
    return this.renew();
  }

  private renew(): Promise<boolean> {
    this.renewing ??= this.renewOnce().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  private async renewOnce(): Promise<boolean> {
    // One tab at a time: the refresh token rotates, and a second use of the old one looks like theft.
    const ask = () => askToken({ grant_type: "refresh_token", ...(this.refreshToken ? { refresh_token: this.refreshToken } : {}) });
    try {
      const answer = navigator.locks ? await navigator.locks.request("pp-refresh", ask) : await ask();
      if (answer.ok) {
        this.accept(answer.body);
        return true;
      }
      if (answer.status < 500) this.clear();
      else if (this.current === "unknown") this.become("signed-out");
    } catch {
      // No answer: keep what we have; the next request says so in words.
      if (this.current === "unknown") this.become("signed-out");
    }
    return false;
  }

  private accept(answer: Token): void {
    this.token = answer.access_token;
    this.endsAt = Date.now() + answer.expires_in * 1000;
    this.refreshToken = answer.refresh_token ?? this.refreshToken;
    hint("yes");
    this.become("signed-in");
  }

  private clear(): void {
    this.token = null;
    this.refreshToken = null;
    hint(null);
    this.become("signed-out");
  }

  private become(status: SessionStatus): void {
    if (this.current === status) return;
    this.current = status;
    this.listeners.forEach((listener) => listener());
  }
}

/** Whether this browser was signed in: saves a first visit the question that can only be answered by 401. */
function hint(value?: "yes" | null): string | null {
  const name = "pennyprotect.signed-in";
  try {
    if (value === null) localStorage.removeItem(name);
    else if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return "unknown"; // private windows may refuse: ask the server
  }
}

/** The challenge of a right password that wants a second factor; null for every other answer. */
function challengeOf(body: unknown): string | null {
  if (typeof body !== "object" || body === null) return null;
  const { code, challenge } = body as Record<string, unknown>;
  return code === "totp-required" && typeof challenge === "string" ? challenge : null;
}

type Answered = { ok: true; status: number; body: Token } | { ok: false; status: number; body: unknown };

async function askToken(form: Record<string, string>): Promise<Answered> {
  let response: Response;
  try {
    response = await fetch(TOKEN_URL, {
      method: "POST",
      body: new URLSearchParams(form),
      credentials: "same-origin",
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    });
  } catch {
    throw new ApiError(0, t("away"));
  }
  const body: unknown = await response.json().catch(() => null);
  return response.ok
    ? { ok: true, status: response.status, body: body as Token }
    : { ok: false, status: response.status, body };
}

export const session = new Session();
