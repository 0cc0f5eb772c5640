/** What the board knows, and nothing else: no clock, no socket, no DOM. */
import type { Experiment, Incident, IncidentStatus, KillSwitch, Plan, Presence, SignalName, System } from "@/api/types";

/** How the stream is doing, as people should be told. */
export type Phase = "connecting" | "live" | "reconnecting" | "signed-out";

/** One measurement of a signal: milliseconds since 1970, and health 0..100 or null where it could not be measured. */
export type Point = readonly [at: number, health: number | null];
export type SignalHistory = ReadonlyMap<SignalName, readonly Point[]>;

/** This connection, as the others see it. */
interface Me {
  readonly connection: string;
  readonly animal: string;
  readonly color: string;
  readonly user: string;
}

/** Everything that has an id and came by the stream. */
export interface Things {
  readonly incidents: ReadonlyMap<string, Incident>;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly experiments: ReadonlyMap<string, Experiment>;
  readonly systems: ReadonlyMap<string, System>;
}

/** How far the server's clock is ahead of this machine's. */
export interface ServerClock {
  /** Milliseconds; negative where the server's is behind. */
  readonly offset: number;
  /** The messages that tell it best, oldest first: when each came, and how far ahead its time was. */
  readonly samples: readonly { readonly at: number; readonly ahead: number }[];
}

export interface LiveState extends Things {
  readonly phase: Phase;
  /** When anything last came, by this machine's clock in milliseconds since 1970; null before the first message. */
  readonly heardAt: number | null;
  readonly clock: ServerClock;
  /** Position in the stream, to resume from; empty before the first message. */
  readonly seq: string;
  /** Everything was told at least once: before that an empty column means nothing. */
  readonly isSynced: boolean;
  /** The API follows the cluster; false while it only knows what was before. */
  readonly isFresh: boolean;
  /** A snapshot that is not complete yet, while what was known before is still shown. */
  readonly staged: Things | null;
  readonly history: ReadonlyMap<string, SignalHistory>;
  readonly presence: Presence;
  readonly me: Me | null;
  /** Null until it is known. */
  readonly killSwitch: KillSwitch | null;
  /** Moves that were asked for and not answered, by the incident's id: shown as if done. */
  readonly moves: ReadonlyMap<string, IncidentStatus>;
}

export const NOTHING: Things = {
  incidents: new Map(),
  plans: new Map(),
  experiments: new Map(),
  systems: new Map(),
};

export const INITIAL: LiveState = {
  ...NOTHING,
  phase: "connecting",
  heardAt: null,
  clock: { offset: 0, samples: [] },
  seq: "",
  isSynced: false,
  isFresh: true,
  staged: null,
  history: new Map(),
  presence: { count: 0, users: [] },
  me: null,
  killSwitch: null,
  moves: new Map(),
};
