/** What a log-in page's address says: where to go afterwards, and why a provider's answer was refused. */

/** Only a path of this site: an address from a crafted link must not lead elsewhere. */
export function safeNext(next: string | null): string {
  return next && next !== "/" && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/live";
}

const REFUSED = new Map(Object.entries({
  "unknown-state": "This sign-in took too long or was used before. Start again.",
  "other-browser": "This sign-in was begun in another browser. Start again.",
  "provider-refused": "The identity provider did not sign you in.",
  "provider-down": "The identity provider does not answer. Try again later, or sign in with a password.",
  "wrong-clock": "The identity provider's clock and ours differ too much. Tell your administrator.",
  "no-role": "Your account has no role in PennyProtect. Ask your administrator to put one of your groups on the list.",
  disabled: "Your account is switched off in PennyProtect.",
  "not-set-up": "Sign-in by an identity provider is not set up here.",
}));

/** A sentence for a refusal's code; never the text of the address itself, which anybody can write. */
export function refusedSentence(code: string | null): string | null {
  if (code === null) return null;
  return REFUSED.get(code) ?? "The identity provider's answer was not accepted. Try again; if it stays so, tell your administrator.";
}
