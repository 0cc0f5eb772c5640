import { memo } from "react";

import { FAULT_WORD } from "@/lib/words";
import { Badge } from "@/ui/Badge";

import { BreakMenu } from "./BreakMenu";
import { Health, Marks, type SystemCardProps } from "./SystemCard";

/** A system in one line: what the folded strip shows. */
export const SystemLine = memo(function SystemLine({ system, running, openIncidents }: SystemCardProps) {
  return (
    <li className="flex min-h-11 min-w-0 flex-[1_1_18rem] items-center gap-3 bg-surface px-3 py-1.5 sm:px-5">
      <Health system={system} className="w-8 text-base" />
      <div className="flex min-w-0 flex-1 flex-wrap items-center gap-x-2 text-xs">
        <h3 className="truncate text-sm font-semibold" title={system.name}>
          {system.name}
        </h3>
        <Marks system={system} openIncidents={openIncidents} />
        {running.map((experiment) => (
          <Badge key={experiment.id} tone="alert" title="A fault in progress">
            {FAULT_WORD[experiment.fault.type]}
          </Badge>
        ))}
      </div>
      <BreakMenu system={system} running={running} openIncidents={openIncidents} />
    </li>
  );
});
