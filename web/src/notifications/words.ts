/** Words for channels and deliveries. Pure. */
import type { Channel, ChannelKind, Delivery, DeliveryState } from "./endpoints";

export const KIND_WORDS: Record<ChannelKind, string> = { sms: "SMS", email: "E-mail", webhook: "Webhook", slack: "Slack", teams: "Microsoft Teams" };

export const ADDRESS_WORDS: Record<ChannelKind, [label: string, example: string]> = {
  sms: ["Number, with its country", "+15005550006"],
  email: ["Address", "duty@example.com"],
  webhook: ["Address of the receiver", "https://example.com/hooks/pennyprotect"],
  slack: ["Incoming webhook of the Slack channel", "https://hooks.slack.com/services/…"],
  teams: ["Webhook of the Teams workflow", "https://….logic.azure.com/…"],
};

export const STATE_WORDS: Record<DeliveryState, string> = {
  queued: "waits",
  sending: "being sent",
  checking: "asking the provider",
  sent: "sent",
  delivered: "delivered",
  uncertain: "uncertain",
  dead: "given up",
  merged: "in a summary",
};

/** How a state looks: good, waiting, or something a person should look at. */
export function tone(state: DeliveryState): "good" | "ending" | "bad" | "plain" {
  if (state === "sent" || state === "delivered") return "good";
  if (state === "dead" || state === "uncertain") return "bad";
  return state === "merged" ? "plain" : "ending";
}

export function occasion({ occasion, merged }: Pick<Delivery, "occasion" | "merged">): string {
  if (merged > 1) return `${merged} notifications in one`;
  return { "alert-raised": "Alert", "alert-escalated": "Escalated alert", "incident-changed": "Incident", test: "Test" }[occasion];
}

/** What is known beyond the state, in one line. */
export function remark({ state, waits, repeated, attempts, reason, merged_into }: Delivery): string {
  const parts = [];
  if (state === "queued" && waits === "quiet-hours") parts.push("for the end of quiet hours");
  if (state === "queued" && waits === "retry") parts.push(`to be tried again, ${attempts} so far`);
  if (reason) parts.push(reason.replace(/\.$/, ""));
  if (repeated) parts.push("an earlier try may have arrived");
  if (merged_into) parts.push("told as part of another");
  return parts.join("; ");
}

export function quietWords(quiet: Channel["quiet"]): string {
  if (!quiet) return "at any hour";
  const through = quiet.threat ? `, except ${quiet.threat} threat` : "";
  return `quiet ${quiet.starts.slice(0, 5)}–${quiet.ends.slice(0, 5)}${through}`;
}
