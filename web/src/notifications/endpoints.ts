/** Questions about notifications, by name. */
import { ask } from "../api/client";
import { everything } from "../api/endpoints";
import type { components } from "../api/schema";
import type { Id, Page } from "../api/types";
import type { Language } from "../text/language";

type Schemas = components["schemas"];
export type Channel = Schemas["ChannelOut"];
export type ChannelKind = Schemas["ChannelKind"];
export type ChannelSecret = Schemas["ChannelSecretOut"];
export type Occasion = Channel["occasions"][number];
export type Choices = Pick<Channel, "occasions" | "lowest_threat" | "quiet" | "most_per_hour">;
export type Delivery = Schemas["DeliveryOut"];
export type DeliveryState = Schemas["DeliveryState"];
export interface NewChannel extends Choices {
  kind: ChannelKind;
  name: string;
  address: string;
  store_id: Id | null;
  /** Of what is sent there. */
  language: Language;
}

const SHARED = "/notifications/channels";
const MINE = "/notifications/mine";

export const channels = () => everything<Channel>(SHARED);
export const addChannel = (body: NewChannel) => ask<ChannelSecret>("POST", SHARED, { body });
export const pauseChannel = (id: Id, paused: boolean) => ask<Channel>("PATCH", `${SHARED}/${id}`, { body: { paused } });
export const languageOfChannel = (id: Id, language: Language) => ask<Channel>("PATCH", `${SHARED}/${id}`, { body: { language } });
export const removeChannel = (id: Id) => ask<void>("DELETE", `${SHARED}/${id}`);
export const testChannel = (id: Id) => ask<Delivery>("POST", `${SHARED}/${id}/test`, { body: {} });
export const rotateSecret = (id: Id) => ask<ChannelSecret>("POST", `/webhooks/${id}/secret`, { body: {} });
export const replayChannel = (id: Id) => ask<{ replayed: number }>("POST", `${SHARED}/${id}/replay`, { body: {} });

export const deliveries = (states: readonly DeliveryState[], cursor: string | null) => ask<Page<Delivery>>("GET", "/notifications", { query: { state: states, cursor, limit: 50 } });
export const replayDelivery = (id: Id) => ask<Delivery>("POST", `/notifications/${id}/replay`, { body: {} });

export const ownChannels = async () => (await ask<Page<Channel>>("GET", MINE)).items;
export const ownLog = async () => (await ask<Page<Delivery>>("GET", `${MINE}/log`, { query: { limit: 10 } })).items;
export const addOwn = (body: Choices & Pick<NewChannel, "address" | "language"> & { kind: "sms" | "email" }) => ask<Channel>("POST", MINE, { body });
export const changeOwn = (id: Id, body: Partial<Choices> & { paused?: boolean }) => ask<Channel>("PATCH", `${MINE}/${id}`, { body });
export const removeOwn = (id: Id) => ask<void>("DELETE", `${MINE}/${id}`);
export const sendCode = (id: Id) => ask<Delivery>("POST", `${MINE}/${id}/code`, { body: {} });
export const confirmOwn = (id: Id, code: string) => ask<Channel>("POST", `${MINE}/${id}/confirm`, { body: { code } });
export const testOwn = (id: Id) => ask<Delivery>("POST", `${MINE}/${id}/test`, { body: {} });
