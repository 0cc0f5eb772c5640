import type { Incident } from "@/api/types";
import { Button } from "@/ui/Button";

import { joinNotes } from "./notes";

interface NotesConflictProps {
  /** The incident with the notes that somebody else wrote. */
  readonly theirs: Incident;
  readonly mine: string;
  /** Goes on writing, from their notes. */
  readonly onGoOn: (text: string, theirs: Incident) => void;
  readonly onTakeTheirs: () => void;
}

/** Somebody else wrote meanwhile: shows what, and leaves the decision to whoever writes. */
export function NotesConflict({ theirs, mine, onGoOn, onTakeTheirs }: NotesConflictProps) {
  return (
    <div role="alert" className="flex flex-col gap-2 rounded-md bg-warn-soft p-3 text-sm">
      <p className="font-semibold text-warn">Somebody changed the notes while you wrote. Nothing was saved yet.</p>
      <p className="label">Their notes</p>
      <blockquote tabIndex={0} className="max-h-48 overflow-y-auto rounded-sm bg-surface p-2 whitespace-pre-line">
        {theirs.notes === "" ? <span className="text-faint">They are empty now.</span> : theirs.notes}
      </blockquote>
      <div className="flex flex-wrap gap-2">
        <Button size="sm" variant="primary" autoFocus onClick={() => onGoOn(joinNotes(theirs.notes, mine), theirs)}>
          Put mine below theirs
        </Button>
        <Button size="sm" onClick={() => onGoOn(mine, theirs)}>
          Keep mine, drop theirs
        </Button>
        <Button size="sm" onClick={onTakeTheirs}>
          Keep theirs, drop mine
        </Button>
      </div>
    </div>
  );
}
