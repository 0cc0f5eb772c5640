import type { DrillReport, FaultType } from "@/api/types";
import { marksOf, tookOf } from "@/lib/grades";
import { Badge } from "@/ui/Badge";
import { MarkList, TimeList } from "@/ui/GradeList";

import { Section } from "./Section";

/** How well the drill was handled, by what was injected: each mark with what it means. */
export function GradeSection({ report, fault }: { readonly report: DrillReport; readonly fault: FaultType }) {
  const { passed } = report.grade;
  return (
    <Section
      title="Grade of the drill"
      aside={<Badge tone={passed ? "ok" : "danger"}>{passed ? "Passed" : "Not passed"}</Badge>}
    >
      <div className="flex flex-col gap-4">
        <MarkList marks={marksOf(report, fault)} />
        <TimeList times={tookOf(report.durations)} />
      </div>
    </Section>
  );
}
