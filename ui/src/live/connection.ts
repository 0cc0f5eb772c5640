/** The stream over a WebSocket: comes back by itself, resumes where it was, and never waits for one that is silent. */
import type { Envelope } from "@/api/types";

import type { LiveEvent } from "./reducer";

const PROTOCOL = "incidentsim.v1";
const SIGNED_OUT = 4401;
const LONGEST_WAIT_MS = 20_000;
/** A slice of work between two frames: longer would be felt as a stutter. */
const SLICE_MS = 12;
/** What comes sooner after the last rendering waits: ten times a second is as live, and leaves time for hands. */
const BATCH_MS = 100;
const HIDDEN_FLUSH_MS = 250;

export interface ConnectionPorts {
  /** Takes what happened, in order. */
  readonly dispatch: (events: readonly LiveEvent[]) => void;
  /** Where the stream was, to resume there. */
  readonly seq: () => string;
  /** Whether the server still knows us: a refused handshake does not say why. */
  readonly isSignedIn: () => Promise<boolean>;
}

export class Connection {
  private socket: WebSocket | null = null;
  private readonly queue: { text: string; at: number }[] = [];
  private isFlushing = false;
  private flushedAt = 0;
  private isClosed = false;
  private attempts = 0;
  private retryMs = 1_000;
  private silenceMs = 30_000;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private viewing: string | null = null;
  private readonly ports: ConnectionPorts;

  constructor(ports: ConnectionPorts) {
    this.ports = ports;
  }

  open(): void {
    this.isClosed = false;
    window.addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.connect();
  }

  close(): void {
    this.isClosed = true;
    window.removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    this.queue.length = 0; // it was for whoever was here
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Tells the others which incident is looked at; null for none. */
  view(incident: string | null): void {
    if (incident === this.viewing) return;
    this.viewing = incident;
    this.tellViewing();
  }

  private connect(): void {
    clearTimeout(this.retryTimer);
    const url = new URL("/api/v1/ws", location.href.replace(/^http/, "ws"));
    const seq = this.ports.seq();
    if (seq !== "") url.searchParams.set("seq", seq);
    const socket = new WebSocket(url, PROTOCOL);
    this.socket = socket;
    socket.onmessage = (event: MessageEvent<string>) => {
      if (this.socket === socket) this.take(event.data);
    };
    socket.onopen = () => {
      this.tellViewing();
    };
    socket.onclose = (event) => {
      if (this.socket === socket) void this.lost(event.code);
    };
    this.watchSilence();
  }

  private tellViewing(): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ type: "viewing", incident: this.viewing }));
  }

  private take(text: string): void {
    this.watchSilence();
    this.queue.push({ text, at: Date.now() });
    if (this.isFlushing) return;
    this.isFlushing = true;
    // Frames stop in a hidden page, but what comes must still be read.
    if (document.visibilityState === "hidden") setTimeout(this.flush, HIDDEN_FLUSH_MS);
    else setTimeout(this.flush, Math.max(0, this.flushedAt + BATCH_MS - performance.now()));
  }

  /** Parses and hands on what came, a slice at a time, so that a large snapshot leaves room for frames between. */
  private readonly flush = (): void => {
    const began = performance.now();
    const events: LiveEvent[] = [];
    while (this.queue.length > 0 && performance.now() - began < SLICE_MS) {
      const next = this.queue.shift();
      if (next === undefined) break;
      const message = parse(next.text);
      if (message === null) continue;
      this.learn(message);
      events.push({ type: "received", at: next.at, message });
    }
    if (events.length > 0) this.ports.dispatch(events);
    this.flushedAt = performance.now();
    if (this.queue.length === 0) this.isFlushing = false;
    else setTimeout(this.flush, 0);
  };

  private learn(message: Envelope): void {
    if (message.type !== "notice") return;
    const notice = message.data;
    if (notice.code === "synced") {
      this.attempts = 0;
      this.silenceMs = notice.heartbeat_seconds * 3000;
    }
    if ("retry_ms" in notice) this.retryMs = notice.retry_ms;
  }

  private async lost(code: number): Promise<void> {
    this.socket = null;
    if (this.isClosed) return;
    clearTimeout(this.silenceTimer);
    const isSignedIn = code !== SIGNED_OUT && (await this.ports.isSignedIn());
    if (!this.isWaiting()) return; // it was closed, or connected again, while that was asked
    if (!isSignedIn) {
      this.ports.dispatch([{ type: "connection", phase: "signed-out" }]);
      return;
    }
    this.ports.dispatch([{ type: "connection", phase: "reconnecting" }]);
    this.retryLater();
  }

  private isWaiting(): boolean {
    return !this.isClosed && this.socket === null;
  }

  private retryLater(): void {
    const longest = Math.min(LONGEST_WAIT_MS, this.retryMs * 2 ** this.attempts);
    this.attempts += 1;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), longest / 2 + (Math.random() * longest) / 2);
  }

  /** Without a word for three heartbeats the other side is taken for gone. */
  private watchSilence(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => {
      const socket = this.socket;
      this.socket = null;
      socket?.close();
      this.ports.dispatch([{ type: "connection", phase: "reconnecting" }]);
      this.retryLater();
    }, this.silenceMs);
  }

  /** The network is back, or somebody looks again: no reason to wait for the timer. */
  private readonly hurry = (): void => {
    if (!this.isWaiting() || document.visibilityState === "hidden") return;
    this.attempts = 0;
    this.connect();
  };
}

/** The message, or null for one that is not understood: a later API may say more than this board knows. */
function parse(text: string): Envelope | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "type" in value && "data" in value
      ? (value as Envelope)
      : null;
  } catch {
    return null;
  }
}
