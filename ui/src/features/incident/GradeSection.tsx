import { clsx } from "clsx";
import { Check, X } from "lucide-react";

import type { DrillReport } from "@/api/types";
import { formatPrecise } from "@/lib/format";
import { Badge } from "@/ui/Badge";

import { Fact, Section } from "./Section";

type Durations = DrillReport["durations"];

/** How well the drill was handled, by what was injected: each mark with what it means. */
export function GradeSection({ report }: { readonly report: DrillReport }) {
  const { grade, durations } = report;
  return (
    <Section
      title="Grade of the drill"
      aside={<Badge tone={grade.passed ? "ok" : "danger"}>{grade.passed ? "Passed" : "Not passed"}</Badge>}
    >
      <ul className="flex flex-col gap-2 text-sm">
        <Mark isGood={grade.detected} name="Detected" meaning="an incident was opened for the broken system" />
        <Mark
          isGood={grade.cause_correct}
          name="Cause right"
          meaning="the diagnosis names what was injected, and where"
        />
        <Mark
          isGood={grade.action_correct}
          name="Action right"
          meaning="every executed step is acceptable for the fault, and no ordinary data was lost"
        />
        <Mark isGood={grade.verified} name="Verified" meaning="recovery was measured before it was resolved" />
        <Mark
          isGood={grade.residue === 0}
          name={`Residue ${grade.residue}`}
          meaning="what the fault left after all was undone"
        />
        <Mark
          isGood={grade.collateral === 0}
          name={`Collateral ${grade.collateral}`}
          meaning="ordinary keys, rows or files that were lost"
        />
      </ul>
      <dl className="mt-4 grid grid-cols-[1fr_auto] gap-x-3 gap-y-1 text-xs">
        {NAMES.map(([key, name]) => (
          <Fact key={key} name={name}>
            <span className="tabular block text-right font-mono">{seconds(durations[key])}</span>
          </Fact>
        ))}
      </dl>
    </Section>
  );
}

const NAMES: readonly (readonly [keyof Durations, string])[] = [
  ["detect", "Detect"],
  ["diagnose", "Diagnose"],
  ["propose", "Propose"],
  ["approve", "Approve (a person)"],
  ["execute", "Execute"],
  ["verify", "Verify, with the hold window"],
  ["hold", "Hold window"],
  ["resolve", "Resolve"],
  ["machine", "The machine's share"],
  ["total", "Total"],
];

function seconds(value: number | null) {
  return value === null ? <span className="text-faint">not reached</span> : formatPrecise(value);
}

interface MarkProps {
  readonly isGood: boolean;
  readonly name: string;
  readonly meaning: string;
}

function Mark({ isGood, name, meaning }: MarkProps) {
  const Icon = isGood ? Check : X;
  return (
    <li className="flex items-start gap-2">
      <Icon size={16} aria-hidden="true" className={clsx("mt-0.5 shrink-0", isGood ? "text-ok" : "text-danger")} />
      <p>
        <span className="font-semibold">{name}</span>
        <span className="sr-only">{isGood ? ": good" : ": not good"}</span>
        <span className="block text-xs text-muted">{meaning}</span>
      </p>
    </li>
  );
}
