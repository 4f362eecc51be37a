/**
 * What this page wants from the socket and how far it has read, as plain state without I/O.
 * Each change answers with the messages to send if the socket is open; `opened` with all of them.
 */
import type { ClientMessage, Denied, ServerMessage } from "./messages";

/** -1, 0, 1 for stream ids such as "1732312800123-4" or plain numbers. */
export function compareIds(a: string, b: string): number {
  const [aTime = "0", aSequence = "0"] = a.split("-");
  const [bTime = "0", bSequence = "0"] = b.split("-");
  return compareDigits(aTime, bTime) || compareDigits(aSequence, bSequence);
}

/** Digits of any length, which may be more than a double holds. */
function compareDigits(a: string, b: string): number {
  const left = a.replace(/^0+(?=\d)/, "");
  const right = b.replace(/^0+(?=\d)/, "");
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  return left < right ? -1 : left > right ? 1 : 0;
}

export class Subscriptions {
  /** Store -> id of the newest message read, null before the first. */
  private readonly stores = new Map<string, string | null>();
  /** Camera -> how many parts of the page watch it. */
  private readonly cameras = new Map<string, number>();

  joinStore(storeId: string): ClientMessage[] {
    if (this.stores.has(storeId)) return [];
    this.stores.set(storeId, null);
    return [{ type: "join-store", store_id: storeId }];
  }

  leaveStore(storeId: string): ClientMessage[] {
    return this.stores.delete(storeId) ? [{ type: "leave-store", store_id: storeId }] : [];
  }

  watchCamera(cameraId: string): ClientMessage[] {
    const watchers = this.cameras.get(cameraId) ?? 0;
    this.cameras.set(cameraId, watchers + 1);
    return watchers === 0 ? [{ type: "subscribe-camera", camera_id: cameraId }] : [];
  }

  unwatchCamera(cameraId: string): ClientMessage[] {
    const watchers = this.cameras.get(cameraId) ?? 0;
    if (watchers > 1) {
      this.cameras.set(cameraId, watchers - 1);
      return [];
    }
    return this.cameras.delete(cameraId) ? [{ type: "unsubscribe-camera", camera_id: cameraId }] : [];
  }

  /** All that a fresh connection must be told. */
  opened(): ClientMessage[] {
    const messages: ClientMessage[] = [];
    for (const storeId of this.stores.keys()) messages.push(...this.entry(storeId));
    for (const cameraId of this.cameras.keys()) messages.push({ type: "subscribe-camera", camera_id: cameraId });
    return messages;
  }

  /** What to ask again after it was denied: the server may only have been busy. Nothing for what nobody wants any more. */
  again(denied: Denied): ClientMessage[] {
    if (denied.camera_id !== null && this.cameras.has(denied.camera_id)) {
      return [{ type: "subscribe-camera", camera_id: denied.camera_id }];
    }
    return denied.store_id === null ? [] : this.entry(denied.store_id);
  }

  /** Stores of which nothing was read yet: what happened before the join can only be asked for. */
  unread(): string[] {
    return [...this.stores].flatMap(([storeId, lastId]) => (lastId === null ? [storeId] : []));
  }

  /** False for a store message that was read before (a resume overlaps with what came live). */
  isNews(message: ServerMessage): boolean {
    if (message.type === "gap") {
      const storeId = message.store_id ?? this.onlyStore();
      if (storeId !== null && this.stores.has(storeId)) this.stores.set(storeId, message.to);
      return true;
    }
    if (!("id" in message) || typeof message.id !== "string") return true;
    const storeId = ("store_id" in message ? message.store_id : undefined) ?? this.onlyStore();
    const lastId = storeId === null ? undefined : this.stores.get(storeId);
    // A store that was left in the meantime: nobody waits for this.
    if (storeId === null || lastId === undefined) return false;
    if (lastId !== null && compareIds(message.id, lastId) <= 0) return false;
    this.stores.set(storeId, message.id);
    return true;
  }

  /** A resume joins too. A join before it would let new messages overtake the missed ones. */
  private entry(storeId: string): ClientMessage[] {
    const lastId = this.stores.get(storeId);
    if (lastId === undefined) return [];
    return [lastId === null ? { type: "join-store", store_id: storeId } : { type: "resume", store_id: storeId, last_id: lastId }];
  }

  private onlyStore(): string | null {
    return this.stores.size === 1 ? (this.stores.keys().next().value ?? null) : null;
  }
}
