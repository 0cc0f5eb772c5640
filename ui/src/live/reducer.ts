/** The board's state as a pure function of what it was and what came. */
import type { Envelope, Incident, IncidentStatus, KillSwitch, Notice, Snapshot } from "@/api/types";

import { learnTime } from "./clock";
import { appendMeasurements, type HistoryAnswer, mergeHistory } from "./history";
import { INITIAL, type LiveState, NOTHING, type Phase, type Things } from "./state";

/** What happens on this side of the stream. */
type LocalEvent =
  | { readonly type: "connection"; readonly phase: Phase }
  /** Somebody else may be here now: what the one before could see is not for them. */
  | { readonly type: "forget" }
  | { readonly type: "move.begin"; readonly id: string; readonly to: IncidentStatus }
  | { readonly type: "move.end"; readonly id: string }
  | { readonly type: "answer"; readonly incident: Incident }
  | { readonly type: "switched"; readonly killSwitch: KillSwitch }
  | { readonly type: "history"; readonly answer: HistoryAnswer };

/** A message with the time at which it came, by this machine's clock in milliseconds since 1970. */
interface Received {
  readonly type: "received";
  readonly at: number;
  readonly message: Envelope;
}

export type LiveEvent = LocalEvent | Received;

/** The state after all of the events, in their order. A burst copies each collection once, not once a message. */
export function reduceAll(state: LiveState, events: readonly LiveEvent[]): LiveState {
  const draft = new Draft(state);
  for (const event of events) apply(draft, event);
  return draft.state;
}

/** The state after one event. */
export function reduce(state: LiveState, event: LiveEvent): LiveState {
  return reduceAll(state, [event]);
}

type Kind = keyof Things;
type Entry = Things[Kind] extends ReadonlyMap<string, infer T> ? T : never;

/** A state that may be written to while one batch is applied; whatever is not written to stays the same object. */
class Draft {
  state: LiveState;
  private readonly owned = new Set<unknown>();

  constructor(state: LiveState) {
    this.state = state;
  }

  set(changes: Partial<LiveState>): void {
    this.state = { ...this.state, ...changes };
  }

  /** The collection of that kind for writing: the staged one while a snapshot is being told. */
  collection<T>(kind: Kind): Map<string, T> {
    const { staged } = this.state;
    const current = (staged ?? this.state)[kind] as ReadonlyMap<string, unknown>;
    if (this.owned.has(current)) return current as Map<string, T>;
    const copy = new Map(current) as Map<string, T>;
    this.owned.add(copy);
    if (staged === null) this.set({ [kind]: copy });
    else this.set({ staged: { ...staged, [kind]: copy } });
    return copy;
  }
}

function apply(draft: Draft, event: LiveEvent): void {
  const { state } = draft;
  switch (event.type) {
    case "received":
      draft.set({ heardAt: event.at, phase: "live", clock: learnTime(state.clock, event.at, event.message) });
      if (event.message.seq !== "") draft.set({ seq: event.message.seq });
      receive(draft, event.message, event.at + draft.state.clock.offset);
      return;
    case "connection":
      draft.set({ phase: event.phase });
      return;
    case "forget":
      draft.set(INITIAL);
      return;
    case "move.begin":
      draft.set({ moves: new Map(state.moves).set(event.id, event.to) });
      return;
    case "move.end":
      draft.set({ moves: without(state.moves, event.id) });
      return;
    case "answer":
      upsert(draft, "incidents", event.incident);
      return;
    case "switched":
      draft.set({ killSwitch: event.killSwitch });
      return;
    case "history":
      draft.set({ history: mergeHistory(state.history, event.answer) });
  }
}

/** `at`: when it came, in the server's time. */
function receive(draft: Draft, message: Envelope, at: number): void {
  switch (message.type) {
    case "snapshot":
      takePart(draft, message.data);
      return;
    case "incident.upsert":
      upsert(draft, "incidents", message.data);
      return;
    case "plan.upsert":
      upsert(draft, "plans", message.data);
      return;
    case "experiment.upsert":
      upsert(draft, "experiments", message.data);
      return;
    case "system.health":
      upsert(draft, "systems", message.data);
      draft.set({ history: appendMeasurements(draft.state.history, message.data, at) });
      return;
    case "incident.delete":
      draft.collection("incidents").delete(message.data.id);
      return;
    case "plan.delete":
      draft.collection("plans").delete(message.data.id);
      return;
    case "experiment.delete":
      draft.collection("experiments").delete(message.data.id);
      return;
    case "system.delete":
      draft.collection("systems").delete(message.data.id);
      draft.set({ history: without(draft.state.history, message.data.id) });
      return;
    case "presence":
      draft.set({ presence: message.data });
      return;
    case "kill_switch":
      draft.set({ killSwitch: message.data });
      return;
    case "notice":
      note(draft, message.data);
  }
}

/** A snapshot replaces all that was known, once its last part is there: until then the board shows what it had. */
function takePart(draft: Draft, part: Snapshot): void {
  if (part.part === 1) draft.set(draft.state.isSynced ? { staged: NOTHING } : { ...NOTHING, staged: null });
  for (const incident of part.incidents) draft.collection("incidents").set(incident.id, incident);
  for (const plan of part.plans) draft.collection("plans").set(plan.id, plan);
  for (const experiment of part.experiments) draft.collection("experiments").set(experiment.id, experiment);
  for (const system of part.systems) draft.collection("systems").set(system.id, system);
  if (part.part < part.parts) return;
  draft.set({ ...(draft.state.staged ?? {}), staged: null });
}

function note(draft: Draft, notice: Notice): void {
  switch (notice.code) {
    case "synced": {
      const { connection, animal, color, user } = notice;
      draft.set({ isSynced: true, me: { connection, animal, color, user } });
      return;
    }
    case "stale":
    case "fresh":
      draft.set({ isFresh: notice.code === "fresh" });
      return;
    case "shutdown":
      draft.set({ phase: "reconnecting" });
      return;
    case "signed-out":
      draft.set({ phase: "signed-out" });
      return;
    case "heartbeat":
      return;
  }
}

/** Keeps the newer of two: the answer to a request and the stream may overtake one another. */
function upsert(draft: Draft, kind: Kind, entry: Entry): void {
  const known = (draft.state.staged ?? draft.state)[kind].get(entry.id);
  if (known !== undefined && isNewer(known.resource_version, entry.resource_version)) return;
  draft.collection<Entry>(kind).set(entry.id, entry);
}

/** Versions of one object are numbers that grow, of any length. */
function isNewer(version: string, other: string): boolean {
  return version.length === other.length ? version > other : version.length > other.length;
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
