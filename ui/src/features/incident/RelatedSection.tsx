import { useMemo } from "react";

import type { Incident, IncidentDetail } from "@/api/types";
import { formatDuration } from "@/lib/format";
import { ACTION_WORD, resolvedWord } from "@/lib/words";
import { useLive } from "@/live/store";
import { Ago } from "@/ui/clock";
import { IncidentLink } from "@/ui/IncidentLink";

import { findSimilar, type Similar } from "./related";
import { Section } from "./Section";

interface RelatedSectionProps {
  readonly incident: Incident;
  readonly previous: IncidentDetail["previous"];
}

/** The one before, and those of the same cause that are over: what fixed them, and how long it took. */
export function RelatedSection({ incident, previous }: RelatedSectionProps) {
  const incidents = useLive((state) => state.incidents);
  const plans = useLive((state) => state.plans);
  const similar = useMemo(
    () => findSimilar(incident, incidents.values(), plans.values()),
    [incident, incidents, plans],
  );
  if (previous === null && similar.length === 0) return null;
  return (
    <Section title="Similar incidents">
      <ul className="flex flex-col gap-2.5 text-sm">
        {previous !== null && !similar.some((each) => each.incident.id === previous.id) && (
          <li>
            <IncidentLink incident={previous} />{" "}
            <span className="text-xs text-muted">
              the previous one of the same signal
              {previous.resolved_at !== null && (
                <>
                  , resolved <Ago at={previous.resolved_at} />
                </>
              )}
            </span>
          </li>
        )}
        {similar.map((each) => (
          <SimilarRow key={each.incident.id} similar={each} />
        ))}
      </ul>
    </Section>
  );
}

function SimilarRow({ similar }: { readonly similar: Similar }) {
  const { incident, actions, seconds } = similar;
  const resolvedAt = incident.timestamps.resolved_at;
  return (
    <li>
      <p className="flex flex-wrap items-baseline gap-x-2">
        <IncidentLink incident={incident} />
        {resolvedAt !== null && <Ago at={resolvedAt} className="text-xs text-muted" />}
        {seconds !== null && <span className="tabular ml-auto font-mono text-xs">{formatDuration(seconds)}</span>}
      </p>
      <p className="text-xs text-muted">
        {actions.length > 0
          ? `Fixed by: ${actions.map((action) => ACTION_WORD[action].toLowerCase()).join(", ")}`
          : resolvedWord(incident.resolved_reason ?? "unknown")}
      </p>
    </li>
  );
}
