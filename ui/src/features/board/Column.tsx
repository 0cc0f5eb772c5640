import { dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { clsx } from "clsx";
import { useEffect, useRef, useState } from "react";

import type { Incident, IncidentStatus, Plan, Visitor } from "@/api/types";
import type { SlaTargets } from "@/lib/sla";
import { STATUS_TONE, STATUS_WORD } from "@/lib/words";
import { Button } from "@/ui/Button";
import { FILL } from "@/ui/tone";

import { Card } from "./Card";

const PAGE = 40;
const NOBODY: readonly Visitor[] = [];

export interface CardContext {
  readonly plans: ReadonlyMap<string, Plan>;
  readonly viewers: ReadonlyMap<string, readonly Visitor[]>;
  readonly moves: ReadonlyMap<string, IncidentStatus>;
  readonly targets: SlaTargets;
  readonly mayMove: boolean;
}

interface ColumnProps {
  readonly status: IncidentStatus;
  readonly incidents: readonly Incident[];
  /** How many there are without the filters. */
  readonly total: number;
  readonly emptyText: string;
  readonly context: CardContext;
}

/** One status. The newest come first; the rest is a click away, so that thousands do not slow down the page. */
export function Column({ status, incidents, total, emptyText, context }: ColumnProps) {
  const [shown, setShown] = useState(PAGE);
  const target = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = target.current;
    if (element === null) return undefined;
    // An attribute, not state: the cards need not render for it.
    const leave = (): void => element.removeAttribute("data-over");
    return dropTargetForElements({
      element,
      getData: () => ({ status }),
      onDragEnter: () => element.setAttribute("data-over", ""),
      onDragLeave: leave,
      onDrop: leave,
    });
  }, [status]);

  const count = incidents.length === total ? `${total}` : `${incidents.length} of ${total}`;
  const heading = `column-${status}`;
  return (
    <section
      ref={target}
      data-column={status}
      aria-labelledby={heading}
      className="flex min-w-0 flex-col gap-2 rounded-lg bg-sunken p-2 transition-colors data-[over]:bg-accent-soft data-[refuses]:opacity-45 md:min-h-64"
    >
      <h2 id={heading} className="flex items-center gap-2 px-1 text-sm font-semibold">
        <span aria-hidden="true" className={clsx("size-2 rounded-full", FILL[STATUS_TONE[status]])} />
        {STATUS_WORD[status]}
        <span className="ml-auto font-mono text-xs font-medium text-muted">{count}</span>
      </h2>
      <ul className="flex flex-col gap-2">
        {incidents.slice(0, shown).map((incident) => (
          <Card
            key={incident.id}
            incident={incident}
            plan={context.plans.get(incident.name) ?? null}
            viewers={context.viewers.get(incident.id) ?? NOBODY}
            targets={context.targets}
            isMoving={context.moves.has(incident.id)}
            mayMove={context.mayMove}
          />
        ))}
      </ul>
      {incidents.length === 0 && <p className="px-1 py-3 text-xs text-muted">{emptyText}</p>}
      {incidents.length > shown && (
        <Button variant="ghost" size="sm" onClick={() => setShown(shown + PAGE)}>
          Show {Math.min(PAGE, incidents.length - shown)} more of {incidents.length - shown}
        </Button>
      )}
    </section>
  );
}
