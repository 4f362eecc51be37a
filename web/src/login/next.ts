/** What a log-in page's address says: where to go afterwards, and why a provider's answer was refused. */
import { t } from "./texts";

/** Only a path of this site: an address from a crafted link must not lead elsewhere. */
export function safeNext(next: string | null): string {
  return next && next !== "/" && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/";
}

const REFUSED = new Map(Object.entries({
  get "unknown-state"() { return t("thisSignInTookTooLong"); },
  get "other-browser"() { return t("thisSignInWasBegunIn"); },
  get "provider-refused"() { return t("theIdentityProviderDidNotSign"); },
  get "provider-down"() { return t("theIdentityProviderDoesNotAnswer"); },
  get "wrong-clock"() { return t("theIdentityProviderSClockAnd"); },
  get "no-role"() { return t("yourAccountHasNoRoleIn"); },
  get disabled() { return t("yourAccountIsSwitchedOffIn"); },
  get "not-set-up"() { return t("signInByAnIdentityProvider"); },
}));

/** A sentence for a refusal's code; never the text of the address itself, which anybody can write. */
export function refusedSentence(code: string | null): string | null {
  if (code === null) return null;
  return REFUSED.get(code) ?? t("theIdentityProviderSAnswerWas");
}
