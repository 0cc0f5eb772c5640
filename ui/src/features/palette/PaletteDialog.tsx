import { type KeyboardEvent, type Ref, useEffect, useId, useMemo, useRef, useState } from "react";

import { countOf } from "@/lib/format";
import { announce } from "@/ui/announcer";
import { Dialog } from "@/ui/Dialog";

import type { Command } from "./commands";
import { Options } from "./Options";
import { type Result, useResults } from "./useResults";

interface PaletteDialogProps {
  readonly onClose: () => void;
  readonly onChoose: (run: Command["run"]) => void;
}

/** The field, and below it all that is found for what is typed. The focus stays in the field. */
export default function PaletteDialog({ onClose, onChoose }: PaletteDialogProps) {
  const [query, setQuery] = useState("");
  const [pointed, setPointed] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const listId = useId();
  const { groups, unseen } = useResults(query);
  const results = useMemo(() => groups.flatMap((group) => group.results), [groups]);
  const active = results.find(({ id }) => id === pointed) ?? results[0] ?? null;
  const activeId = active === null ? undefined : `${listId}-${active.id}`;
  useAnnounced(query, results.length, unseen);
  useEffect(() => {
    if (activeId !== undefined) document.getElementById(activeId)?.scrollIntoView({ block: "nearest" });
  }, [activeId]);

  const press = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) setPointed(neighbour(results, active, step));
    else if (event.key === "Enter" && active !== null) onChoose(active.run);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog isOpen onClose={onClose} title="Search and commands" initialFocus={field}>
      <div className="flex flex-col gap-3">
        <Field
          ref={field}
          query={query}
          listId={listId}
          activeId={activeId}
          onChange={(typed) => {
            setQuery(typed);
            setPointed(null);
          }}
          onKeyDown={press}
        />
        <Options
          id={listId}
          groups={groups}
          active={active}
          onPoint={setPointed}
          onSelect={(result) => onChoose(result.run)}
        />
      </div>
    </Dialog>
  );
}

interface FieldProps {
  readonly ref: Ref<HTMLInputElement>;
  readonly query: string;
  readonly listId: string;
  /** The option that Enter takes. */
  readonly activeId: string | undefined;
  readonly onChange: (query: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function Field({ ref, query, listId, activeId, onChange, onKeyDown }: FieldProps) {
  return (
    <input
      ref={ref}
      role="combobox"
      aria-label="Search and commands"
      aria-expanded="true"
      aria-controls={listId}
      aria-activedescendant={activeId}
      aria-autocomplete="list"
      autoComplete="off"
      spellCheck={false}
      value={query}
      placeholder="A number, a title, a system, or what to do"
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={onKeyDown}
      className="min-h-11 w-full rounded-md border border-edge bg-raised px-3 text-base text-ink placeholder:text-faint"
    />
  );
}

/** The one after or before, round the ends. */
function neighbour(results: readonly Result[], active: Result | null, step: 1 | -1): string | null {
  const place = results.findIndex(({ id }) => id === active?.id);
  return results.at((place + step) % results.length)?.id ?? null;
}

/** Says how much was found, once the typing pauses. */
function useAnnounced(query: string, count: number, unseen: number): void {
  useEffect(() => {
    if (query.trim() === "") return;
    const more = unseen > 0 ? `, and ${countOf(unseen, "more incident")}` : "";
    const timer = setTimeout(() => announce(`${countOf(count, "result")}${more}`), 400);
    return () => clearTimeout(timer);
  }, [query, count, unseen]);
}
