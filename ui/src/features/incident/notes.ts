/** Notes that are being written, kept while the page lives, so that to close the details loses nothing. */
import type { Incident } from "@/api/types";

export interface Draft {
  readonly text: string;
  /** The notes that were read before the first key was pressed. */
  readonly base: string;
}

const drafts = new Map<string, Draft>();

export function draftOf(incidentId: string): Draft | null {
  return drafts.get(incidentId) ?? null;
}

export function keepDraft(incidentId: string, draft: Draft | null): void {
  if (draft === null) drafts.delete(incidentId);
  else drafts.set(incidentId, draft);
}

/**
 * What to do when the object was changed since it was read: its version grows with everything that happens to it, so
 * most often the notes are still those that were read, and only the version has to be taken anew.
 */
export function settle(draft: Draft, current: Incident): "again" | "ask" {
  return current.notes === draft.base || current.notes === draft.text ? "again" : "ask";
}

/** Both texts, the others' first. */
export function joinNotes(theirs: string, mine: string): string {
  return [theirs.trimEnd(), mine].filter((text) => text.trim() !== "").join("\n\n");
}

/** The incident as it is now, from what the server told with a refusal; null where that is none. */
export function currentOf(value: unknown): Incident | null {
  if (typeof value !== "object" || value === null) return null;
  const isIncident =
    "id" in value && "notes" in value && typeof value.notes === "string" && "resource_version" in value;
  return isIncident ? (value as Incident) : null; // the API's own view, by the schema
}
