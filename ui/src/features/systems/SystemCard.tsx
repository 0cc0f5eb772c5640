import { ChevronDown, ChevronUp, ShieldCheck } from "lucide-react";
import { memo, type ReactNode, useState } from "react";

import type { Experiment, System } from "@/api/types";
import { Link } from "wouter";
import { countOf, formatClock } from "@/lib/format";
import { label } from "@/lib/keys";
import { useLive } from "@/live/store";
import { Badge } from "@/ui/Badge";
import { IconButton } from "@/ui/Button";
import { useClock } from "@/ui/clock";
import { IncidentLink } from "@/ui/IncidentLink";
import { TEXT } from "@/ui/tone";

import { BreakMenu } from "./BreakMenu";
import { Faults } from "./Faults";
import { healthText, inOrder, staleFor, standing, toneOf } from "./measures";
import type { OpenIncident } from "./openIncidents";
import { SignalRow } from "./SignalRow";

const MOST_OPEN = 5;

export interface SystemCardProps {
  readonly system: System;
  readonly running: readonly Experiment[];
  readonly openIncidents: readonly OpenIncident[];
}

/** A system with all of its signals, what is broken on it, and what can be. */
export const SystemCard = memo(function SystemCard({ system, running, openIncidents }: SystemCardProps) {
  const [isDetailed, setIsDetailed] = useState(false);
  const history = useLive((state) => state.history.get(system.id));
  const stale = useStale(system);
  return (
    <li data-system className="flex min-w-0 flex-[1_1_18rem] flex-col gap-2 bg-surface px-3 py-3 sm:px-5">
      <div className="flex items-start gap-3">
        <Health system={system} className="w-11 text-xl" />
        <div className="min-w-0 flex-1">
          <h3 className="truncate text-base font-semibold" title={system.name}>
            {system.name}
          </h3>
          <div className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted">
            <span>{[system.type, system.team].filter(Boolean).join(" · ")}</span>
            <Marks system={system} openIncidents={openIncidents} />
          </div>
        </div>
        <IconButton
          size="sm"
          label={`${isDetailed ? "Hide" : "Show"} what was measured on ${system.name}`}
          aria-expanded={isDetailed}
          onClick={() => setIsDetailed(!isDetailed)}
        >
          {isDetailed ? <ChevronUp size={16} aria-hidden="true" /> : <ChevronDown size={16} aria-hidden="true" />}
        </IconButton>
        <BreakMenu system={system} running={running} openIncidents={openIncidents} />
      </div>
      <Warnings system={system} />
      {system.signals.length > 0 && (
        <ul aria-label={`Signals of ${system.name}`}>
          {inOrder(system.signals).map((signal) => (
            <SignalRow
              key={signal.name}
              signal={signal}
              points={history?.get(signal.name) ?? []}
              threshold={system.threshold_percent}
              staleFor={stale}
              isDetailed={isDetailed}
            />
          ))}
        </ul>
      )}
      {running.length > 0 && <Faults running={running} />}
    </li>
  );
});

interface HealthProps {
  readonly system: System;
  readonly className: string;
}

/** How long ago it was last measured, where the numbers are too old to be the present ones; else null. */
function useStale(system: System): string | null {
  return useClock((now) => staleFor(system.last_probe_at, now));
}

/** The lowest signal, as a number; without a colour once it is old. */
export function Health({ system, className }: HealthProps) {
  const { health, threshold_percent: threshold } = system;
  const stale = useStale(system);
  const said = health === null ? "Health not measured" : `Health ${healthText(health)} of 100`;
  return (
    <p
      className={`tabular font-mono font-medium ${className} ${TEXT[stale === null ? toneOf(health, threshold) : "neutral"]}`}
    >
      <span aria-hidden="true">{healthText(health)}</span>
      <span className="sr-only">{said}</span>
    </p>
  );
}

/** How it stands, and what is open about it. */
export function Marks({ system, openIncidents }: Pick<SystemCardProps, "system" | "openIncidents">) {
  const stands = standing(system);
  return (
    <>
      {stands !== null && <Badge tone={stands.tone}>{stands.word}</Badge>}
      {system.protected && (
        <Badge icon={<ShieldCheck size={12} aria-hidden="true" />} title="No fault may be injected here">
          Protected
        </Badge>
      )}
      <Silence system={system} />
      <OpenIncidents system={system} openIncidents={openIncidents} />
    </>
  );
}

/** How old the numbers are. While the stream itself is cut, that says nothing about the operator. */
function Silence({ system }: { readonly system: System }) {
  const isFollowed = useLive((state) => state.phase === "live" && state.isFresh);
  const stale = useStale(system);
  if (stale === null || system.last_probe_at === null) return null;
  return (
    <>
      <span>as of {stale} ago</span>
      {isFollowed && (
        <Badge
          tone="warn"
          className="whitespace-normal!"
          title="Nothing was measured since then. Is the operator running?"
        >
          The operator is silent since {formatClock(system.last_probe_at)}
        </Badge>
      )}
    </>
  );
}

function Warnings({ system }: { readonly system: System }): ReactNode {
  if (system.status === "ready" || system.message === "") return null;
  return <p className="text-xs text-muted">{system.message}</p>;
}

/** The newest; the rest is on the board, in sight only while the strip leaves room for it. */
function OpenIncidents({ system, openIncidents }: Pick<SystemCardProps, "system" | "openIncidents">) {
  const more = openIncidents.length - MOST_OPEN;
  return (
    <>
      {openIncidents.slice(0, MOST_OPEN).map((incident) => (
        <IncidentLink key={incident.id} incident={incident} said={`Open incident ${label(incident)}`} />
      ))}
      {more > 0 && (
        <Link
          href={`/?system=${encodeURIComponent(system.name)}`}
          aria-label={`${countOf(more, "more incident")} of ${system.name}`}
          className="inline-flex min-h-6 items-center text-accent underline underline-offset-2 hover:text-accent-hover"
        >
          and {more} more
        </Link>
      )}
    </>
  );
}
