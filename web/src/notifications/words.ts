/** Words for channels and deliveries. Pure. */
import type { Channel, ChannelKind, Delivery, DeliveryState, Occasion } from "./endpoints";
import { t } from "./texts";

export const KIND_WORDS: Record<ChannelKind, string> = { sms: "SMS", get email() { return t("eMail"); }, webhook: "Webhook", slack: "Slack", teams: "Microsoft Teams" };

type Told = [label: string, example: string];
export const ADDRESS_WORDS: Record<ChannelKind, Told> = {
  get sms(): Told { return [t("numberWithItsCountry"), "+15005550006"]; },
  get email(): Told { return [t("address"), "duty@example.com"]; },
  get webhook(): Told { return [t("addressOfTheReceiver"), "https://example.com/hooks/pennyprotect"]; },
  get slack(): Told { return [t("incomingWebhookOfTheSlackChannel"), "https://hooks.slack.com/services/…"]; },
  get teams(): Told { return [t("webhookOfTheTeamsWorkflow"), "https://….logic.azure.com/…"]; },
};

export const STATE_WORDS: Record<DeliveryState, string> = {
  get queued() { return t("waits"); },
  get sending() { return t("beingSent"); },
  get checking() { return t("askingTheProvider"); },
  get sent() { return t("sent"); },
  get delivered() { return t("delivered"); },
  get uncertain() { return t("uncertain"); },
  get dead() { return t("givenUp"); },
  get merged() { return t("inASummary"); },
};

/** How a state looks: good, waiting, or something a person should look at. */
export function tone(state: DeliveryState): "good" | "ending" | "bad" | "plain" {
  if (state === "sent" || state === "delivered") return "good";
  if (state === "dead" || state === "uncertain") return "bad";
  return state === "merged" ? "plain" : "ending";
}

export function occasion({ occasion, merged }: Pick<Delivery, "occasion" | "merged">): string {
  if (merged > 1) return t("notificationsInOne", { merged });
  return { "alert-raised": t("alert"), "alert-escalated": t("escalatedAlert"), "incident-changed": t("incident"), "lead-raised": t("leadToReview"), "match-confirmed": t("confirmedLead"), test: t("test") }[occasion];
}

/** What a channel can be told of, in the order it is asked. */
export const TOLD: readonly { of: readonly Occasion[]; words: () => string; why?: () => string }[] = [
  { of: ["alert-raised", "alert-escalated"], words: () => t("alerts") },
  { of: ["incident-changed"], words: () => t("incidents") },
  { of: ["lead-raised"], words: () => t("leadsToReview"), why: () => t("noNameNoPicture") },
  { of: ["match-confirmed"], words: () => t("confirmedLeads"), why: () => t("theMessageHasNoName") },
];

/** The chosen occasions with one line of `TOLD` on or off. */
export function toldOf(chosen: readonly Occasion[], of: readonly Occasion[], on: boolean): Occasion[] {
  const rest = chosen.filter((each) => !of.includes(each));
  return on ? [...rest, ...of] : rest;
}

export function toldWords(chosen: readonly Occasion[]): string {
  return TOLD.filter(({ of }) => of.some((each) => chosen.includes(each)))
    .map(({ words }) => words().toLowerCase())
    .join(", ");
}

/** What is known beyond the state, in one line. */
export function remark({ state, waits, repeated, attempts, reason, merged_into }: Delivery): string {
  const parts = [];
  if (state === "queued" && waits === "quiet-hours") parts.push(t("forTheEndOfQuietHours"));
  if (state === "queued" && waits === "retry") parts.push(t("toBeTriedAgainSoFar", { attempts }));
  if (reason) parts.push(reason.replace(/\.$/, ""));
  if (repeated) parts.push(t("anEarlierTryMayHaveArrived"));
  if (merged_into) parts.push(t("toldAsPartOfAnother"));
  return parts.join("; ");
}

export function quietWords(quiet: Channel["quiet"]): string {
  if (!quiet) return t("atAnyHour");
  const through = quiet.threat ? t("exceptThreat", { threat: quiet.threat }) : "";
  return t("quiet", { value: quiet.starts.slice(0, 5), value2: quiet.ends.slice(0, 5), through });
}
