import { clsx } from "clsx";
import { Cpu, Hourglass } from "lucide-react";
import { useMemo } from "react";

import type { Experiment, Incident, Plan } from "@/api/types";
import { formatDateTime, formatPrecise } from "@/lib/format";
import { injectionOf } from "@/lib/milestones";
import { useNow } from "@/ui/clock";

import { Section } from "./Section";
import { MILESTONE_WORD, type Moment, type Story, type Stretch, tellStory } from "./story";

interface StorySectionProps {
  readonly incident: Incident;
  readonly plans: readonly Plan[];
  readonly experiment: Experiment | null;
}

/** What happened when, on one axis, and whose time it took: the machine's, or a person's. */
export function StorySection({ incident, plans, experiment }: StorySectionProps) {
  const second = useNow();
  const now = incident.status === "resolved" ? 0 : second; // a story that is over does not change with the clock
  const injectedAt = injectionOf(incident, experiment);
  const story = useMemo(() => tellStory({ incident, plans, injectedAt, now }), [incident, plans, injectedAt, now]);
  return (
    <Section title="Story" aside={story !== null && <Sums story={story} />}>
      {story === null ? (
        <p className="text-sm text-muted">No time is known yet.</p>
      ) : (
        <>
          <Axis story={story} />
          <p className="mt-2 text-xs text-faint">
            Not to scale: long stretches are drawn shorter, so that short ones can be seen.
            {incident.timestamps.mitigated_at !== null &&
              " The machine's time includes the window over which recovery was proven."}
          </p>
        </>
      )}
    </Section>
  );
}

function Sums({ story }: { readonly story: Story }) {
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
      <span className="flex items-center gap-1.5">
        <Cpu size={14} aria-hidden="true" className="text-accent" />
        Machine <span className="tabular font-mono font-medium text-ink">{formatPrecise(story.machineSeconds)}</span>
      </span>
      {story.personSeconds > 0 && (
        <span className="flex items-center gap-1.5">
          <Hourglass size={14} aria-hidden="true" className="text-warn" />
          Waiting for a person{" "}
          <span className="tabular font-mono font-medium text-ink">{formatPrecise(story.personSeconds)}</span>
        </span>
      )}
    </p>
  );
}

/** Side by side where there is room, else one below the other. */
function Axis({ story }: { readonly story: Story }) {
  return (
    <ol className="flex flex-col md:flex-row">
      {story.moments.map((moment, index) => (
        <MomentItem key={moment.at} moment={moment} stretch={story.stretches[index] ?? null} isFirst={index === 0} />
      ))}
    </ol>
  );
}

interface MomentItemProps {
  readonly moment: Moment;
  /** What follows it; null where nothing does. */
  readonly stretch: Stretch | null;
  readonly isFirst: boolean;
}

function MomentItem({ moment, stretch, isFirst }: MomentItemProps) {
  return (
    <li
      className="grid min-h-11 grid-cols-[1rem_minmax(0,1fr)] gap-x-3 md:flex md:min-w-[4.75rem] md:flex-col md:gap-1.5"
      style={{ flexGrow: stretch === null ? 0 : stretch.weight, flexShrink: 1, flexBasis: "auto" }}
    >
      <Line stretch={stretch} />
      <div className="pb-3 md:pr-2 md:pb-0">
        <p className="text-xs leading-tight font-semibold">
          {moment.names.map((name) => MILESTONE_WORD[name]).join(", ")}
        </p>
        <p className="tabular font-mono text-xs text-muted" title={formatDateTime(new Date(moment.at).toISOString())}>
          {isFirst ? "0 s" : `+${formatPrecise(moment.offset)}`}
        </p>
        {stretch !== null && <StretchText stretch={stretch} />}
      </div>
    </li>
  );
}

/** The dot of a moment with the line to the next one: solid for the machine, dashed while a person is awaited. */
function Line({ stretch }: { readonly stretch: Stretch | null }) {
  const isPerson = stretch?.whose === "person";
  return (
    <div aria-hidden="true" className="flex flex-col items-center md:flex-row">
      <span
        className={clsx(
          "size-2.5 shrink-0 rounded-full border-2 bg-surface",
          isPerson ? "border-warn" : "border-accent",
        )}
      />
      {stretch !== null && (
        <span
          className={clsx(
            "min-h-2 grow border-l-2 md:min-h-0 md:border-t-2 md:border-l-0",
            isPerson ? "border-dashed border-warn" : "border-solid border-accent",
            stretch.isOpen && "opacity-60",
          )}
        />
      )}
    </div>
  );
}

function StretchText({ stretch }: { readonly stretch: Stretch }) {
  if (stretch.whose === "machine" && !stretch.isOpen) return null;
  const waiting = stretch.isOpen ? "waiting for a person" : "waited for a person";
  return (
    <p className={clsx("text-xs leading-tight", stretch.whose === "person" ? "text-warn" : "text-muted")}>
      {stretch.whose === "person" ? waiting : "so far"}{" "}
      <span className="tabular font-mono">{formatPrecise(stretch.seconds)}</span>
    </p>
  );
}
