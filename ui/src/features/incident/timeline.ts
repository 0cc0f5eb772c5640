/** Who did what, newest first. */
import type { Incident, Plan, StatusHistoryEntry, TimelineEntry } from "@/api/types";
import { secondsBetween } from "@/lib/format";

export type Whose = "everybody" | "people" | "operator";

const OPERATOR = "operator";
const DETECTOR = "detector";
const SERVICE_ACCOUNT = "system:serviceaccount:";

/** The names under which machines act on this incident: the operator, and whoever diagnoses and proposes. */
export function machinesOf(incident: Incident, plans: readonly Plan[]): ReadonlySet<string> {
  const provider = incident.analysis?.diagnosis_provider ?? OPERATOR;
  return new Set([OPERATOR, DETECTOR, provider, ...plans.map(({ author }) => author)]);
}

export function isMachine(actor: string, machines: ReadonlySet<string>): boolean {
  return actor === "" || machines.has(actor) || actor.startsWith(SERVICE_ACCOUNT);
}

/** The entries of whom is asked for, newest first. Entries of one instant keep the order in which they were written. */
export function pickEntries(
  entries: readonly TimelineEntry[],
  whose: Whose,
  machines: ReadonlySet<string>,
): readonly TimelineEntry[] {
  const wanted = entries.filter(
    ({ actor }) => whose === "everybody" || isMachine(actor, machines) === (whose === "operator"),
  );
  return wanted
    .map((entry, index) => ({ entry, index, at: Date.parse(entry.at) }))
    .sort((a, b) => b.at - a.at || b.index - a.index)
    .map(({ entry }) => entry);
}

/** The moves, newest first, each with the seconds that were spent in the column before it. */
export function toMoves(
  history: readonly StatusHistoryEntry[],
): readonly { readonly move: StatusHistoryEntry; readonly seconds: number | null }[] {
  return history
    .map((move, index) => {
      const before = history[index - 1];
      const seconds = secondsBetween(before?.changed_at ?? null, move.changed_at);
      return { move, seconds: seconds !== null && seconds >= 0 ? seconds : null };
    })
    .reverse();
}
