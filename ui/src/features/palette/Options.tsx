import { clsx } from "clsx";

import type { Incident } from "@/api/types";
import { STATUS_WORD } from "@/lib/words";
import { label } from "@/lib/keys";
import { SeverityBadge } from "@/ui/Badge";

import type { Result, Results } from "./useResults";

interface OptionsProps {
  readonly id: string;
  readonly groups: readonly Results[];
  readonly active: Result | null;
  readonly onPoint: (id: string) => void;
  readonly onSelect: (result: Result) => void;
}

/** The results as a list box; each option's id begins with the list's. */
export function Options({ id, groups, active, onPoint, onSelect }: OptionsProps) {
  return (
    <div className="h-[min(26rem,60dvh)]">
      {groups.length === 0 && <p className="px-2 py-6 text-center text-sm text-muted">Nothing matches.</p>}
      <div id={id} role="listbox" aria-label="Results" className="max-h-full overflow-y-auto">
        {groups.map(({ heading, results }, place) => (
          <div key={place} role="group" aria-labelledby={`${id}-group-${place}`} className="mb-1">
            <p id={`${id}-group-${place}`} className="label px-2 pt-2 pb-1">
              {heading}
            </p>
            {results.map((result) => (
              <div
                key={result.id}
                id={`${id}-${result.id}`}
                role="option"
                aria-selected={result.id === active?.id}
                onPointerDown={(event) => event.preventDefault()} // the focus stays in the field
                onPointerMove={() => onPoint(result.id)}
                onClick={() => onSelect(result)}
                className={clsx(
                  "flex min-h-9 scroll-my-2 cursor-pointer items-center gap-2.5 rounded-sm px-2 py-1 text-sm",
                  result.id === active?.id && "bg-accent-soft",
                )}
              >
                {result.incident === undefined ? <Plain result={result} /> : <OfIncident incident={result.incident} />}
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function Plain({ result: { title, hint } }: { readonly result: Result }) {
  return (
    <>
      <span className="min-w-0 flex-1 truncate">{title}</span>
      {hint !== undefined && <span className="max-w-[45%] truncate text-xs text-muted">{hint}</span>}
    </>
  );
}

function OfIncident({ incident }: { readonly incident: Incident }) {
  return (
    <>
      <span className="shrink-0 font-mono text-xs text-muted">{label(incident)}</span>
      <span className="min-w-0 flex-1 truncate">{incident.message}</span>
      <span className="text-xs text-muted">{STATUS_WORD[incident.status]}</span>
      {incident.severity !== null && <SeverityBadge severity={incident.severity} />}
    </>
  );
}
