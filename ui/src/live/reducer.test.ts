import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Envelope, Incident, Notice } from "@/api/types";
import { aMessage, anIncident, aSystem } from "@/testing/things";

import { type LiveEvent, reduce, reduceAll } from "./reducer";
import { INITIAL, type LiveState } from "./state";

const received = (message: Envelope, at = 0): LiveEvent => ({ type: "received", at, message });
const snapshot = (incidents: Incident[], part = 1, parts = 1, seq = "a:1"): LiveEvent =>
  received(aMessage("snapshot", { part, parts, incidents, plans: [], experiments: [], systems: [] }, seq));
const SYNCED: Notice = {
  code: "synced",
  message: "",
  connection: "c1",
  animal: "Otter",
  color: "teal",
  user: "sre",
  retry_ms: 500,
  heartbeat_seconds: 10,
};
const synced = (seq = "a:1"): LiveEvent => received(aMessage("notice", SYNCED, seq));
const ids = (state: LiveState): string[] => [...state.incidents.keys()].sort();

describe("snapshots", () => {
  it("fill the board part by part at first", () => {
    const state = reduce(INITIAL, snapshot([anIncident({ id: "a" })], 1, 2));
    expect(ids(state)).toEqual(["a"]);
    expect(state.isSynced).toBe(false);
    expect(ids(reduceAll(state, [snapshot([anIncident({ id: "b" })], 2, 2)]))).toEqual(["a", "b"]);
  });

  it("replace what was known only once they are complete", () => {
    const known = reduceAll(INITIAL, [snapshot([anIncident({ id: "old" })]), synced()]);
    const half = reduce(known, snapshot([anIncident({ id: "a" })], 1, 2));
    expect(ids(half)).toEqual(["old"]);
    expect(ids(reduce(half, snapshot([anIncident({ id: "b" })], 2, 2)))).toEqual(["a", "b"]);
  });

  it("take in changes that come between their parts", () => {
    const known = reduceAll(INITIAL, [snapshot([]), synced()]);
    const state = reduceAll(known, [
      snapshot([anIncident({ id: "a" })], 1, 2),
      received(aMessage("incident.delete", { id: "a", name: "a", namespace: "drills" })),
      snapshot([anIncident({ id: "b" })], 2, 2),
    ]);
    expect(ids(state)).toEqual(["b"]);
  });

  it("that are empty clear the board", () => {
    const known = reduceAll(INITIAL, [snapshot([anIncident({ id: "old" })]), synced()]);
    expect(ids(reduce(known, snapshot([])))).toEqual([]);
  });
});

describe("changes", () => {
  it("keep the newer of an answer and the stream, whichever comes last", () => {
    const newer = anIncident({ resource_version: "1000", status: "fixing" });
    const older = anIncident({ resource_version: "999", status: "triage" });
    const state = reduceAll(INITIAL, [
      { type: "answer", incident: newer },
      received(aMessage("incident.upsert", older)),
    ]);
    expect(state.incidents.get("uid-1")?.status).toBe("fixing");
  });

  it("leave what they do not touch as the same objects", () => {
    const state = reduceAll(INITIAL, [snapshot([anIncident()]), synced()]);
    const after = reduce(state, received(aMessage("notice", { code: "heartbeat", message: "" })));
    expect(after.incidents).toBe(state.incidents);
    expect(after.plans).toBe(state.plans);
  });

  it("of a later API are passed over", () => {
    const strange = { ...aMessage("presence", { count: 1, users: [] }), type: "weather" } as unknown as Envelope;
    expect(() => reduce(INITIAL, received(strange))).not.toThrow();
  });

  it("show moves at once, and end them", () => {
    const moving = reduce(INITIAL, { type: "move.begin", id: "uid-1", to: "fixing" });
    expect(moving.moves.get("uid-1")).toBe("fixing");
    expect(reduce(moving, { type: "move.end", id: "uid-1" }).moves.size).toBe(0);
  });
});

describe("the connection", () => {
  it("is live once something came, and tells staleness of the cluster apart", () => {
    const stale = reduce(INITIAL, received(aMessage("notice", { code: "stale", message: "" }), 17));
    expect([stale.phase, stale.heardAt, stale.isFresh]).toEqual(["live", 17, false]);
    expect(reduce(stale, received(aMessage("notice", { code: "fresh", message: "" }))).isFresh).toBe(true);
  });

  it("forgets everything once somebody else signs in", () => {
    const known = reduceAll(INITIAL, [snapshot([anIncident()]), synced()]);
    expect(reduce(known, { type: "forget" })).toEqual(INITIAL);
  });

  it("remembers where it was", () => {
    expect(reduceAll(INITIAL, [snapshot([], 1, 1, "a:7"), synced("a:9")]).seq).toBe("a:9");
  });
});

describe("measurements", () => {
  it("grow a history of each signal, with gaps where nothing was measured", () => {
    const at = (time: string, health: number | null) =>
      received(
        aMessage(
          "system.health",
          aSystem({ last_probe_at: time, signals: [{ name: "memory", health, message: "", metrics: {} }] }),
        ),
      );
    const state = reduceAll(INITIAL, [
      at("2026-01-31T12:00:00Z", 90),
      at("2026-01-31T12:00:05Z", null),
      at("2026-01-31T12:00:05Z", 50),
      at("2026-01-31T12:00:10Z", 10),
    ]);
    const points = state.history.get("uid-redis-test")?.get("memory") ?? [];
    expect(points.map(([, health]) => health)).toEqual([90, null, 10]);
  });

  it("join what the API remembers from before", () => {
    const live = reduce(
      INITIAL,
      received(aMessage("system.health", aSystem({ last_probe_at: "2026-01-31T12:00:10Z" }))),
    );
    const answer = {
      "uid-redis-test": {
        memory: [
          ["2026-01-31T12:00:00Z", 20],
          ["2026-01-31T12:00:10Z", 98],
        ] as [string, number][],
      },
    };
    const points = reduce(live, { type: "history", answer }).history.get("uid-redis-test")?.get("memory") ?? [];
    expect(points.map(([, health]) => health)).toEqual([20, 98]);
  });
});

/** What the server does, and what befalls the connection. */
type Step =
  | { readonly op: "put"; readonly id: string; readonly status: Incident["status"] }
  | { readonly op: "delete"; readonly id: string }
  | { readonly op: "cut" }
  | { readonly op: "resume" }
  | { readonly op: "restart"; readonly parts: number };

const anId = fc.constantFrom("a", "b", "c", "d", "e");
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("put" as const),
      id: anId,
      status: fc.constantFrom("triage" as const, "fixing" as const, "resolved" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("delete" as const), id: anId }) },
  { weight: 1, arbitrary: fc.constant({ op: "cut" as const }) },
  { weight: 2, arbitrary: fc.constant({ op: "resume" as const }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("restart" as const), parts: fc.integer({ min: 1, max: 3 }) }) },
);

/** A server that keeps a log, and tells a client that comes back what it missed, coalesced, or everything anew. */
class Server {
  readonly truth = new Map<string, Incident>();
  private readonly log: string[] = [];
  private version = 0;
  private epoch = 0;
  private cursor: number | null = null;
  isConnected = false;

  put(id: string, status: Incident["status"]): void {
    this.version += 1;
    this.truth.set(id, anIncident({ id, status, resource_version: String(this.version) }));
    this.log.push(id);
  }

  delete(id: string): void {
    if (this.truth.delete(id)) this.log.push(id);
  }

  cut(): void {
    this.isConnected = false;
  }

  restart(parts: number): LiveEvent[] {
    this.epoch += 1;
    this.isConnected = true;
    this.cursor = this.log.length;
    const all = [...this.truth.values()];
    const size = Math.ceil(all.length / parts);
    const told = Array.from({ length: parts }, (_, index) =>
      snapshot(all.slice(index * size, (index + 1) * size), index + 1, parts, this.seq()),
    );
    return [...told, synced(this.seq())];
  }

  /** What is owed since the client's position. */
  tell(): LiveEvent[] {
    if (!this.isConnected || this.cursor === null) return [];
    const changed = new Set(this.log.slice(this.cursor));
    this.cursor = this.log.length;
    return [...changed].map((id) => {
      const incident = this.truth.get(id);
      if (incident !== undefined) return received(aMessage("incident.upsert", incident, this.seq()));
      return received(aMessage("incident.delete", { id, name: id, namespace: "drills" }, this.seq()));
    });
  }

  resume(): LiveEvent[] {
    if (this.cursor === null) return this.restart(1);
    this.isConnected = true;
    return this.tell();
  }

  private seq(): string {
    return `${this.epoch}:${this.log.length}`;
  }
}

function play(server: Server, step: Step): LiveEvent[] {
  switch (step.op) {
    case "put":
      server.put(step.id, step.status);
      return server.tell();
    case "delete":
      server.delete(step.id);
      return server.tell();
    case "cut":
      server.cut();
      return [];
    case "resume":
      return server.resume();
    case "restart":
      return server.restart(step.parts);
  }
}

describe("whatever happens", () => {
  it("the board equals the list after a sequence of changes with gaps, however they are batched", () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), (steps, batch) => {
        const server = new Server();
        const events = steps.flatMap((step) => play(server, step));
        events.push(...server.resume());
        let state = INITIAL;
        for (let from = 0; from < events.length; from += batch) {
          const before = new Map(state.incidents);
          const old = state;
          state = reduceAll(state, events.slice(from, from + batch));
          expect(old.incidents).toEqual(before); // what was handed out is never written to
        }
        expect(new Map([...state.incidents].sort())).toEqual(new Map([...server.truth].sort()));
        expect(state.staged).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});
