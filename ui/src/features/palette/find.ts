/** What the palette finds for what was typed. Only as much is sorted and shown as can be read. */
import type { Incident } from "@/api/types";
import { newestFirst } from "@/lib/order";

export const MOST = 20;

export interface Entry {
  /** The same for as long as it is the same thing. */
  readonly id: string;
  readonly title: string;
  readonly hint?: string;
  /** More words by which it is found. */
  readonly words?: string;
}

/** The words that were typed, all of which must be found. */
function wordsOf(query: string): readonly string[] {
  return query.toLowerCase().split(/\s+/).filter(Boolean);
}

function hasAll(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}

/** Entries with every word, those whose title begins with the first one before others; all of them without a word. */
export function filterEntries<T extends Entry>(entries: readonly T[], query: string): readonly T[] {
  const words = wordsOf(query);
  const [first] = words;
  if (first === undefined) return entries;
  const found = entries.filter(({ title, hint, words: more }) => hasAll(`${title} ${hint ?? ""} ${more ?? ""}`, words));
  const isFirst = (entry: T): boolean => entry.title.toLowerCase().startsWith(first);
  return [...found.filter(isFirst), ...found.filter((entry) => !isFirst(entry))];
}

interface Found {
  /** At most MOST, best first. */
  readonly incidents: readonly Incident[];
  readonly total: number;
}

/**
 * Incidents by number, title, system or team; none without a word. One whose number is the word comes first, then those
 * that are not over, then the newest.
 */
export function findIncidents(incidents: Iterable<Incident>, query: string): Found {
  const words = wordsOf(query);
  if (words.length === 0) return { incidents: [], total: 0 };
  const found: { readonly incident: Incident; readonly rank: number }[] = [];
  for (const incident of incidents) {
    const { number, name, message, team, affected_systems: systems } = incident;
    if (hasAll(`${number} ${name} ${message} ${team} ${systems.join(" ")}`, words)) {
      found.push({ incident, rank: rankOf(incident, words) });
    }
  }
  found.sort((a, b) => a.rank - b.rank || newestFirst(a.incident, b.incident));
  return { incidents: found.slice(0, MOST).map(({ incident }) => incident), total: found.length };
}

function rankOf({ number, status }: Incident, words: readonly string[]): number {
  if (words.some((word) => isNumber(number, word))) return 0;
  return status === "resolved" ? 2 : 1;
}

/** "INC-0042" is meant by "inc-0042", by "0042" and by "42". */
function isNumber(number: string, word: string): boolean {
  const digits = /\d+$/.exec(number)?.[0];
  if (digits === undefined) return false;
  return number.toLowerCase() === word || (/^\d+$/.test(word) && Number(word) === Number(digits));
}
