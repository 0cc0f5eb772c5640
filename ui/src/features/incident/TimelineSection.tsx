import { clsx } from "clsx";
import { ArrowRight, Bot, UserRound } from "lucide-react";
import { useMemo, useState } from "react";

import type { Incident, Plan, StatusHistoryEntry, TimelineEntry } from "@/api/types";
import { formatClock, formatDateTime, formatDuration } from "@/lib/format";
import { STATUS_WORD } from "@/lib/words";

import { Section } from "./Section";
import { isMachine, machinesOf, pickEntries, toMoves, type Whose } from "./timeline";
import { entryWord } from "./words";

interface TimelineSectionProps {
  readonly incident: Incident;
  readonly entries: readonly TimelineEntry[];
  readonly plans: readonly Plan[];
}

export function TimelineSection({ incident, entries, plans }: TimelineSectionProps) {
  const [whose, setWhose] = useState<Whose>("everybody");
  const machines = useMemo(() => machinesOf(incident, plans), [incident, plans]);
  const shown = useMemo(() => pickEntries(entries, whose, machines), [entries, whose, machines]);
  return (
    <Section title="Timeline" aside={<Filter whose={whose} onChange={setWhose} />}>
      {shown.length === 0 ? (
        <p className="text-sm text-muted">
          {entries.length === 0 ? "Nothing happened yet." : "Nothing of that kind happened yet."}
        </p>
      ) : (
        <ol className="flex flex-col gap-2.5">
          {shown.map((entry, index) => (
            <Entry
              key={`${entry.at} ${entry.type} ${index}`}
              entry={entry}
              isByMachine={isMachine(entry.actor, machines)}
            />
          ))}
        </ol>
      )}
    </Section>
  );
}

const CHOICES: readonly (readonly [Whose, string])[] = [
  ["everybody", "All"],
  ["people", "People"],
  ["operator", "Machine"],
];

function Filter({ whose, onChange }: { readonly whose: Whose; readonly onChange: (whose: Whose) => void }) {
  return (
    <div role="group" aria-label="Whose entries" className="flex">
      {CHOICES.map(([choice, word]) => (
        <button
          key={choice}
          type="button"
          aria-pressed={choice === whose}
          onClick={() => onChange(choice)}
          className={clsx(
            "min-h-6 rounded-sm px-1.5 text-xs font-semibold",
            choice === whose ? "bg-accent-soft text-accent" : "text-muted hover:text-ink",
          )}
        >
          {word}
        </button>
      ))}
    </div>
  );
}

function Entry({ entry, isByMachine }: { readonly entry: TimelineEntry; readonly isByMachine: boolean }) {
  const Icon = isByMachine ? Bot : UserRound;
  return (
    <li className="flex gap-2 text-sm">
      <Icon
        size={15}
        aria-hidden="true"
        className={clsx("mt-0.5 shrink-0", isByMachine ? "text-faint" : "text-accent")}
      />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-semibold">{entryWord(entry.type)}</span>
          <span className="text-xs text-muted">{entry.actor === "" ? "unknown" : entry.actor}</span>
          <time
            dateTime={entry.at}
            title={formatDateTime(entry.at)}
            className="tabular ml-auto font-mono text-xs text-muted"
          >
            {formatClock(entry.at)}
          </time>
        </p>
        {entry.detail !== "" && <p className="text-xs text-muted">{entry.detail}</p>}
      </div>
    </li>
  );
}

/** From column to column, and how long it stayed in each. */
export function MovesSection({ history }: { readonly history: readonly StatusHistoryEntry[] }) {
  const moves = useMemo(() => toMoves(history), [history]);
  if (moves.length === 0) return null;
  return (
    <Section title="Moves">
      <ol className="flex flex-col gap-2 text-sm">
        {moves.map(({ move, seconds }, index) => (
          <li key={`${move.changed_at} ${index}`}>
            <p className="flex flex-wrap items-center gap-x-1.5">
              {move.from_status !== null && (
                <>
                  <span className="text-muted">{STATUS_WORD[move.from_status]}</span>
                  <ArrowRight size={13} role="img" aria-label="to" className="text-faint" />
                </>
              )}
              <span className="font-semibold">{STATUS_WORD[move.to_status]}</span>
              <span className="text-xs text-muted">by {move.actor === "" ? "unknown" : move.actor}</span>
              {seconds !== null && (
                <span className="tabular ml-auto font-mono text-xs text-muted">after {formatDuration(seconds)}</span>
              )}
            </p>
            {move.reason !== "" && <p className="text-xs text-muted">{move.reason}</p>}
          </li>
        ))}
      </ol>
    </Section>
  );
}
