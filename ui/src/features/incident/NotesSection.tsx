import { PencilLine } from "lucide-react";
import { type RefObject, useLayoutEffect, useRef, useState } from "react";

import { api, unwrap } from "@/api/client";
import { explain, Problem } from "@/api/problem";
import type { Incident } from "@/api/types";
import { label } from "@/lib/keys";
import { useMay } from "@/live/session";
import { store } from "@/live/store";
import { announce } from "@/ui/announcer";
import { Button } from "@/ui/Button";
import { TextArea } from "@/ui/Field";

import { NotesConflict } from "./NotesConflict";
import { currentOf, type Draft, draftOf, keepDraft, settle } from "./notes";
import { Section } from "./Section";

/** The notes of the people who handle it. What is being written survives others' writes, refusals and closing. */
export function NotesSection({ incident }: { readonly incident: Incident }) {
  const mayEdit = useMay("edit_incidents");
  const editor = useNotes(incident);
  const isEditing = mayEdit && editor.draft !== null;
  const edit = useFocusAfter<HTMLButtonElement>(isEditing);
  return (
    <Section
      title="Notes"
      aside={
        mayEdit &&
        !isEditing && (
          <Button
            ref={edit}
            size="sm"
            variant="ghost"
            icon={<PencilLine size={14} aria-hidden="true" />}
            onClick={editor.begin}
          >
            {incident.notes === "" ? "Write" : "Edit"}
          </Button>
        )
      }
    >
      {isEditing ? (
        <Editor editor={editor} />
      ) : (
        <p className="text-sm whitespace-pre-line">
          {incident.notes === "" ? <span className="text-faint">None yet.</span> : incident.notes}
        </p>
      )}
    </Section>
  );
}

/** For what is to be focused once something that had the focus is over. */
function useFocusAfter<T extends HTMLElement>(isGoingOn: boolean): RefObject<T | null> {
  const element = useRef<T>(null);
  const wentOn = useRef(isGoingOn);
  useLayoutEffect(() => {
    if (wentOn.current && !isGoingOn) element.current?.focus();
    wentOn.current = isGoingOn;
  }, [isGoingOn]);
  return element;
}

interface NotesEditor {
  readonly draft: Draft | null;
  /** The incident with what somebody else wrote meanwhile. */
  readonly conflict: Incident | null;
  readonly error: string | undefined;
  readonly isBusy: boolean;
  readonly begin: () => void;
  readonly write: (text: string) => void;
  readonly save: () => Promise<void>;
  readonly discard: () => void;
  /** Goes on from the others' notes with this text. */
  readonly rebase: (text: string, theirs: Incident) => void;
}

function useNotes(incident: Incident): NotesEditor {
  const [draft, setDraft] = useState(() => draftOf(incident.id));
  const [conflict, setConflict] = useState<Incident | null>(null);
  const [error, setError] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  const change = (next: Draft | null): void => {
    keepDraft(incident.id, next);
    setDraft(next);
    setError(undefined);
  };
  const save = async (): Promise<void> => {
    if (draft === null) return;
    setBusy(true);
    const outcome = await saveNotes(incident, draft);
    setBusy(false);
    if (outcome === "saved") change(null);
    else if (outcome instanceof Problem) setError(explain(outcome));
    else setConflict(outcome);
  };
  return {
    draft,
    conflict,
    error,
    isBusy,
    save,
    begin: () => change({ text: incident.notes, base: incident.notes }),
    write: (text) => change({ text, base: draft?.base ?? incident.notes }),
    discard: () => {
      setConflict(null);
      change(null);
    },
    rebase: (text, theirs) => {
      setConflict(null);
      store.dispatch({ type: "answer", incident: theirs });
      change({ text, base: theirs.notes });
    },
  };
}

const TRIES = 4;

/** "saved", why not, or the incident with the notes that somebody else wrote meanwhile. */
async function saveNotes(incident: Incident, draft: Draft): Promise<"saved" | Problem | Incident> {
  let known = store.get().incidents.get(incident.id) ?? incident;
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (settle(draft, known) === "ask") return known;
    try {
      const header = { "if-match": `"${known.resource_version}"` };
      const request = { params: { path: { id: incident.id }, header }, body: { notes: draft.text } };
      const saved = await unwrap(api.PATCH("/api/v1/incidents/{id}/notes", request));
      store.dispatch({ type: "answer", incident: saved });
      announce(`The notes of ${label(incident)} are saved`);
      return "saved";
    } catch (failure) {
      const problem = Problem.of(failure);
      const current = problem.code === "stale-write" ? currentOf(problem.current) : null;
      if (current === null) return problem;
      known = current;
    }
  }
  return new Problem("stale-write", "Not saved", "The incident kept changing meanwhile. Save again.", 409);
}

function Editor({ editor }: { readonly editor: NotesEditor }) {
  const { draft, conflict } = editor;
  const field = useFocusAfter<HTMLTextAreaElement>(conflict !== null);
  if (draft === null) return null;
  return (
    <div className="flex flex-col gap-2.5">
      <TextArea
        ref={field}
        label="Notes, for everybody who handles it"
        rows={6}
        maxLength={16_384}
        autoFocus
        value={draft.text}
        error={editor.error}
        onChange={(event) => editor.write(event.target.value)}
      />
      {conflict === null ? (
        <div className="flex gap-2">
          <Button size="sm" variant="primary" isBusy={editor.isBusy} onClick={() => void editor.save()}>
            Save
          </Button>
          <Button size="sm" onClick={editor.discard}>
            {draft.text === draft.base ? "Cancel" : "Discard"}
          </Button>
        </div>
      ) : (
        <NotesConflict theirs={conflict} mine={draft.text} onGoOn={editor.rebase} onTakeTheirs={editor.discard} />
      )}
    </div>
  );
}
