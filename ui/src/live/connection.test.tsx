import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Connection } from "./connection";
import type { LiveEvent } from "./reducer";

/** A socket that does what the test says. */
class Socket {
  static readonly OPEN = 1;
  static readonly opened: Socket[] = [];
  readonly readyState = 0;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor() {
    Socket.opened.push(this);
  }

  close(): void {
    return undefined;
  }
}

const told: LiveEvent[] = [];
let answer: (isSignedIn: boolean) => void = () => undefined;
const connect = (): Connection => {
  const made = new Connection({
    dispatch: (events) => told.push(...events),
    seq: () => "",
    isSignedIn: () => new Promise((resolve) => (answer = resolve)),
  });
  made.open();
  return made;
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  Socket.opened.length = 0;
  told.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("that is closed while it asks why it was lost does not come back", async () => {
  const connection = connect();
  Socket.opened[0]?.onclose?.({ code: 1006 });
  connection.close();
  answer(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Socket.opened).toHaveLength(1);
  expect(told).toEqual([]);
});

it("that hurries back while it asks why it was lost is not opened twice", async () => {
  const connection = connect();
  Socket.opened[0]?.onclose?.({ code: 1006 });
  window.dispatchEvent(new Event("online"));
  answer(true);
  await vi.advanceTimersByTimeAsync(25_000);
  expect(Socket.opened).toHaveLength(2);
  connection.close();
});

it("hands on nothing that came before it was closed", async () => {
  const connection = connect();
  Socket.opened[0]?.onmessage?.({ data: '{"type":"presence","data":{"count":1,"users":[]}}' });
  connection.close();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([]);
});

it("comes back by itself once it was lost", async () => {
  const connection = connect();
  Socket.opened[0]?.onclose?.({ code: 1006 });
  answer(true);
  await vi.advanceTimersByTimeAsync(25_000);
  expect(Socket.opened.length).toBeGreaterThan(1);
  expect(told).toContainEqual({ type: "connection", phase: "reconnecting" });
  connection.close();
});
