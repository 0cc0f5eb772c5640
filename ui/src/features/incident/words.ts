/** Words for what only the details name. */
import type { ActionParams, ActionType } from "@/api/types";
import { splitWords } from "@/lib/format";
import { ACTION_WORD } from "@/lib/words";

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

/** Each parameter that is set, as name and value. */
export function paramsOf(params: ActionParams): readonly (readonly [name: string, value: string])[] {
  return Object.entries(params).flatMap(([name, value]): (readonly [string, string])[] => {
    if (value === null) return [];
    return [[splitWords(name), Array.isArray(value) ? value.join(", ") : String(value)]];
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
