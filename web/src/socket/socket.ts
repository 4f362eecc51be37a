/** The one WebSocket of the page: ticket, reconnect with jitter, resume, keep-alive. */
import { socketTicket } from "../api/endpoints";
import { ApiError } from "../api/problem";
import { backoffMs } from "./backoff";
import { readMessage, type ClientMessage, type Denied, type ServerMessage } from "./messages";
import { Subscriptions } from "./subscriptions";

export type SocketStatus = "off" | "connecting" | "open" | "waiting";

/** What was denied is asked for again after this long. */
const DENIED_PAUSE_MS = 5_000;
const OPEN_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 5_000;
/** No message at all for this long: the connection is dead even if nobody closed it. */
const SILENCE_MS = 12_000;

type Listener = (message: ServerMessage) => void;

export class LiveSocket {
  private readonly wanted = new Subscriptions();
  private readonly listeners = new Set<Listener>();
  private readonly watchers = new Set<() => void>();
  private socket: WebSocket | null = null;
  private status: SocketStatus = "off";
  private attempt = 0;
  private heardAt = 0;
  private joining = false;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private keepAlive: ReturnType<typeof setInterval> | undefined;
  /** Rises with every start and stop, so that a late ticket of an earlier life is dropped. */
  private life = 0;

  start(): void {
    if (this.status !== "off") return;
    window.addEventListener("online", this.hurry);
    void this.connect();
  }

  stop(): void {
    this.life += 1;
    window.removeEventListener("online", this.hurry);
    clearTimeout(this.retry);
    clearInterval(this.keepAlive);
    this.socket?.close();
    this.socket = null;
    this.become("off");
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  joinStore(storeId: string): () => void {
    const messages = this.wanted.joinStore(storeId);
    if (messages.length) {
      this.joining = true;
      this.send([...messages, { type: "ping" }]);
    }
    return () => this.send(this.wanted.leaveStore(storeId));
  }

  watchCamera(cameraId: string): () => void {
    this.send(this.wanted.watchCamera(cameraId));
    return () => this.send(this.wanted.unwatchCamera(cameraId));
  }

  subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  snapshot = (): SocketStatus => this.status;

  private send(messages: ClientMessage[]): void {
    if (this.status !== "open" || this.socket === null) return;
    for (const message of messages) this.socket.send(JSON.stringify(message));
  }

  private readonly hurry = (): void => {
    if (this.status !== "waiting") return;
    clearTimeout(this.retry);
    void this.connect();
  };

  private async connect(): Promise<void> {
    this.life += 1;
    const life = this.life;
    this.become("connecting");
    try {
      const { ticket } = await socketTicket();
      if (life === this.life) this.open(ticket, life);
    } catch (error) {
      if (life !== this.life) return;
      // 401: the session has ended and the shell is already on its way to the log-in page.
      if (error instanceof ApiError && error.status === 401) this.stop();
      else this.wait();
    }
  }

  private open(ticket: string, life: number): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws?ticket=${encodeURIComponent(ticket)}`);
    this.socket = socket;
    const tooLong = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      clearTimeout(tooLong);
      if (life !== this.life) return socket.close();
      this.heardAt = Date.now();
      this.become("open");
      this.joining = true;
      this.send([...this.wanted.opened(), { type: "ping" }]);
      this.keepAlive = setInterval(() => this.beat(socket), PING_EVERY_MS);
    };
    socket.onmessage = (event) => {
      if (life === this.life && typeof event.data === "string") this.hear(event.data);
    };
    socket.onclose = () => {
      clearTimeout(tooLong);
      if (life === this.life) this.wait();
    };
  }

  private hear(text: string): void {
    this.heardAt = Date.now();
    // Only a connection that speaks has earned a fresh start of the back-off.
    this.attempt = 0;
    const message = readMessage(text);
    if (message?.type === "pong") return this.joined();
    if (message?.type === "denied") return this.askAgain(message);
    if (message === null || !this.wanted.isNews(message)) return;
    this.deliver(message);
  }

  /** The joins of this connection took effect. What came between the page's questions and now must be asked for again. */
  private joined(): void {
    if (!this.joining) return;
    this.joining = false;
    for (const storeId of this.wanted.unread()) this.deliver({ type: "gap", store_id: storeId, from: "", to: "" });
  }

  private askAgain(denied: Denied): void {
    const life = this.life;
    setTimeout(() => {
      const messages = this.wanted.again(denied);
      if (life !== this.life || !messages.length) return;
      this.joining = true;
      this.send([...messages, { type: "ping" }]);
    }, DENIED_PAUSE_MS);
  }

  private deliver(message: ServerMessage): void {
    this.listeners.forEach((listener) => listener(message));
  }

  private beat(socket: WebSocket): void {
    if (Date.now() - this.heardAt <= SILENCE_MS) return this.send([{ type: "ping" }]);
    // A dead path may hold the closing handshake for a minute: do not wait for it.
    socket.onclose = null;
    socket.close();
    this.wait();
  }

  private wait(): void {
    clearInterval(this.keepAlive);
    this.socket = null;
    this.become("waiting");
    this.retry = setTimeout(() => void this.connect(), backoffMs(this.attempt, Math.random()));
    this.attempt += 1;
  }

  private become(status: SocketStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.watchers.forEach((watcher) => watcher());
  }
}

export const liveSocket = new LiveSocket();
