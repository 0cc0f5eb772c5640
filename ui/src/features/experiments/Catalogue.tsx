import { useQuery } from "@tanstack/react-query";
import { Play } from "lucide-react";

import { Problem } from "@/api/problem";
import { scenariosQuery } from "@/api/queries";
import type { Scenario } from "@/api/types";
import { formatDuration } from "@/lib/format";
import { FAULT_WORD } from "@/lib/words";
import { useMay } from "@/live/session";
import { useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Loading, ProblemNote } from "@/ui/States";
import { useOpenDialog } from "@/ui/useOpenDialog";

import { RUN } from "./RunDialog";

/** The drills of the catalogue. */
export function Catalogue() {
  const scenarios = useQuery(scenariosQuery);
  const isHalted = useLive((state) => state.killSwitch?.on === true);
  return (
    <section aria-labelledby="drills" className="flex flex-col gap-2">
      <h2 id="drills" className="text-lg font-semibold">
        Drills
      </h2>
      {isHalted && <p className="text-sm text-danger">No drill can start while the kill switch is on.</p>}
      {scenarios.data !== undefined && (
        <ul className="divide-y divide-line border-y border-line">
          {scenarios.data.map((scenario) => (
            <Drill key={scenario.name} scenario={scenario} isHalted={isHalted} />
          ))}
        </ul>
      )}
      {scenarios.isPending && <Loading label="Loading the drills" lines={4} />}
      {scenarios.error !== null && (
        <ProblemNote problem={Problem.of(scenarios.error)} onRetry={() => void scenarios.refetch()} />
      )}
    </section>
  );
}

interface DrillProps {
  readonly scenario: Scenario;
  readonly isHalted: boolean;
}

function Drill({ scenario, isHalted }: DrillProps) {
  const mayRun = useMay("run_experiments");
  const open = useOpenDialog();
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5 lg:flex-nowrap">
      <div className="min-w-0 flex-1 basis-44 lg:flex-none lg:basis-56">
        <h3 className="text-sm font-semibold">{FAULT_WORD[scenario.fault_type]}</h3>
        <p className="font-mono text-xs text-muted">
          {scenario.name} · {scenario.system}
        </p>
      </div>
      <p className="order-last min-w-0 flex-1 basis-full text-sm text-muted lg:order-none lg:basis-0">
        {scenario.summary} At most {formatDuration(scenario.duration_seconds)}.
      </p>
      {mayRun && (
        <Button
          size="sm"
          className="ml-auto"
          disabled={isHalted}
          icon={<Play size={14} aria-hidden="true" />}
          aria-label={`Run ${scenario.name}`}
          onClick={() => open(RUN, scenario.name)}
        >
          Run…
        </Button>
      )}
    </li>
  );
}
