import { useMemo } from "react";

import type { Problem } from "@/api/problem";
import type { Incident, IncidentDetail } from "@/api/types";
import { experimentOf, indexExperiments } from "@/lib/milestones";
import { useLive } from "@/live/store";
import { ErrorBoundary } from "@/ui/ErrorBoundary";
import { Loading, ProblemNote } from "@/ui/States";

import { DiagnosisSection } from "./DiagnosisSection";
import { FactsSection } from "./FactsSection";
import { plansOf } from "./find";
import { GradeSection } from "./GradeSection";
import { Head } from "./Head";
import { NotesSection } from "./NotesSection";
import { PlansSection } from "./PlansSection";
import { RelatedSection } from "./RelatedSection";
import { StorySection } from "./StorySection";
import { MovesSection, TimelineSection } from "./TimelineSection";

interface DetailsProps {
  readonly incident: Incident;
  readonly detail: IncidentDetail | null;
  readonly problem: Problem | null;
  readonly onRetry: () => void;
  readonly onGone: () => void;
}

/** Everything about one incident, in the order that matters: what it is, what happened so far, what to decide, and why. */
export function Details({ incident, detail, problem, onRetry, onGone }: DetailsProps) {
  const allPlans = useLive((state) => state.plans);
  const allExperiments = useLive((state) => state.experiments);
  const plans = useMemo(() => plansOf(incident, allPlans.values()), [incident, allPlans]);
  const index = useMemo(() => indexExperiments(allExperiments.values()), [allExperiments]);
  const experiment = experimentOf(incident, index);
  return (
    <div className="flex flex-col gap-6">
      <Head incident={incident} onGone={onGone} />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-x-8 gap-y-7 lg:grid-cols-[minmax(0,1fr)_18.5rem]">
        <div className="min-w-0 lg:col-span-2">
          <ErrorBoundary part="The story">
            <StorySection incident={incident} plans={plans} experiment={experiment} />
          </ErrorBoundary>
        </div>
        <div className="flex min-w-0 flex-col gap-7">
          <ErrorBoundary part="The agent's plans">
            <PlansSection incident={incident} plans={plans} />
          </ErrorBoundary>
          <ErrorBoundary part="The diagnosis">
            <DiagnosisSection incident={incident} detail={detail} />
          </ErrorBoundary>
        </div>
        <div className="flex min-w-0 flex-col gap-7">
          {experiment?.grade != null && <GradeSection report={experiment.grade} fault={experiment.fault.type} />}
          <FactsSection incident={incident} experiment={experiment} />
          <NotesSection incident={incident} />
          {detail === null ? (
            <Rest problem={problem} onRetry={onRetry} />
          ) : (
            <>
              <TimelineSection incident={incident} entries={detail.timeline} plans={plans} />
              <MovesSection history={detail.status_history} />
            </>
          )}
          <RelatedSection incident={incident} previous={detail?.previous ?? null} />
        </div>
      </div>
    </div>
  );
}

/** In the place of what has to be read: that it is on its way, or why it is not there. */
function Rest({ problem, onRetry }: { readonly problem: Problem | null; readonly onRetry: () => void }) {
  if (problem !== null) return <ProblemNote problem={problem} onRetry={onRetry} />;
  return <Loading label="Loading the timeline" lines={4} />;
}
