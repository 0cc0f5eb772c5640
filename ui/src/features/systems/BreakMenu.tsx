import { useQuery } from "@tanstack/react-query";
import { Zap } from "lucide-react";

import { Problem } from "@/api/problem";
import { scenariosQuery } from "@/api/queries";
import type { System } from "@/api/types";
import { startDrill } from "@/live/drills";
import { useMay, useSession } from "@/live/session";
import { useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Menu, MenuItem, MenuLabel } from "@/ui/Menu";

import { type Circumstances, describeScenario, nameOf, obstacleTo, scenariosFor } from "./breaking";

interface BreakMenuProps extends Pick<Circumstances, "running" | "openIncidents"> {
  readonly system: System;
}

/**
 * What can be broken here, for those who may: each failure with what it does and what ends it, or why it cannot be
 * started now.
 */
export function BreakMenu({ system, ...circumstances }: BreakMenuProps) {
  const mayRun = useMay("run_experiments");
  if (!mayRun) return null;
  return (
    <Menu
      trigger={
        <Button data-break size="sm" icon={<Zap size={14} aria-hidden="true" />} aria-label={`Break ${system.name}`}>
          Break
        </Button>
      }
    >
      <MenuLabel>Break {system.name}</MenuLabel>
      <Failures system={system} {...circumstances} />
    </Menu>
  );
}

function Failures({ system, running, openIncidents }: BreakMenuProps) {
  const scenarios = useQuery(scenariosQuery);
  const { namespace } = useSession();
  const killSwitch = useLive((state) => state.killSwitch);
  if (scenarios.data === undefined) {
    return <Note>{scenarios.error === null ? "Reading the catalogue…" : Problem.of(scenarios.error).message}</Note>;
  }
  const fitting = scenariosFor(system, scenarios.data, namespace);
  if (fitting.length === 0) return <Note>No drill of the catalogue breaks this system.</Note>;
  return fitting.map((scenario) => {
    const obstacle = obstacleTo(scenario.fault_type, system, { killSwitch, running, openIncidents });
    return (
      <MenuItem
        key={scenario.name}
        disabled={obstacle !== null}
        hint={obstacle ?? describeScenario(scenario)}
        onSelect={() => void startDrill(scenario)}
      >
        {nameOf(scenario, fitting)}
      </MenuItem>
    );
  });
}

function Note({ children }: { readonly children: string }) {
  return <p className="px-2 py-1.5 text-xs text-muted">{children}</p>;
}
