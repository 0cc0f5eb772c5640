/** Words for what only the details name. */
import type { ActionParams, ActionType, Risk } from "@/api/types";
import { splitWords } from "@/lib/format";
import type { Tone } from "@/lib/words";

export const ACTION_WORD: Record<ActionType, string> = {
  RedisEvictPrefix: "Delete the keys with a prefix",
  RedisClearCache: "Clear the whole cache",
  PostgresTerminateIdle: "End idle sessions",
  PostgresVacuum: "Vacuum a table",
  DiskCleanup: "Delete files",
  RestartSystem: "Restart the system",
};

export const RISK_TONE: Record<Risk, Tone> = { Low: "ok", Medium: "warn", High: "danger" };

/** Why it is over. A reason that a later API adds is split into its words. */
export function resolvedWord(reason: string): string {
  return RESOLVED_WORD[reason] ?? splitWords(reason);
}

const RESOLVED_WORD: Readonly<Record<string, string>> = {
  Verified: "Healed, and proven",
  SelfRecovered: "Recovered by itself",
  ManualOverride: "Resolved by hand",
  FalseAlarm: "False alarm",
  MergedInto: "Merged into another",
};

/** The doors that a decision may come through. */
export function doorWord(via: string): string {
  return DOOR_WORD[via] ?? via;
}

const DOOR_WORD: Readonly<Record<string, string>> = {
  api: "the board or the API",
  board: "the board",
  kubectl: "kubectl",
  plugin: "the kubectl plugin",
  annotation: "an annotation",
};

/** How the signed-in person's token came. */
export const SIGNED_IN_WORD: Readonly<Record<string, string>> = {
  bearer: "bearer token",
  cookie: "signed in by cookie",
  proxy: "signed in by the proxy",
  protocol: "token of the stream",
};

/** "usedMemoryBytes" and "idle_seconds" as words. */
export function fieldWord(name: string): string {
  return splitWords(name);
}

/** Each parameter that is set, as name and value. */
export function paramsOf(params: ActionParams): readonly (readonly [name: string, value: string])[] {
  return Object.entries(params).flatMap(([name, value]): (readonly [string, string])[] => {
    if (value === null) return [];
    return [[fieldWord(name), Array.isArray(value) ? value.join(", ") : String(value)]];
  });
}

/** Enough of a hash to tell it from another by eye. */
export function shortHash(hash: string): string {
  return hash.replace(/^sha256:/, "").slice(0, 8);
}

/** What an entry of the timeline tells: a move, a step that was done, or what its type says. */
export function entryWord(type: string): string {
  if (isAction(type)) return ACTION_WORD[type];
  const column = /^Moved(?=[A-Z])/.exec(type) === null ? "" : type.slice("Moved".length);
  return column === "" ? splitWords(type) : `Moved to ${column}`;
}

function isAction(type: string): type is ActionType {
  return Object.hasOwn(ACTION_WORD, type);
}
