import { ChevronsDownUp, ChevronsUpDown } from "lucide-react";
import { clsx } from "clsx";
import { useMemo } from "react";

import type { Experiment, System } from "@/api/types";
import { countOf } from "@/lib/format";
import { keyOf } from "@/lib/keys";
import { useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Loading } from "@/ui/States";

import { runningBySystem } from "./breaking";
import { useFolded } from "./collapse";
import type { OpenIncident } from "./openIncidents";
import { SystemCard } from "./SystemCard";
import { SystemLine } from "./SystemLine";
import { useHistory } from "./useHistory";
import { useOpenIncidents } from "./useOpenIncidents";

const NO_FAULTS: readonly Experiment[] = [];
const NO_INCIDENTS: readonly OpenIncident[] = [];

/** The systems that drills break: how they are, what is wrong on them now, and a way to break them. */
export function SystemsStrip() {
  useHistory();
  const isSynced = useLive((state) => state.isSynced);
  const known = useLive((state) => state.systems);
  const systems = useMemo(
    () => [...known.values()].sort((a, b) => a.name.localeCompare(b.name) || a.namespace.localeCompare(b.namespace)),
    [known],
  );
  const [folded, fold] = useFolded(systems.length);
  return (
    <section aria-labelledby="systems" className="shrink-0 border-b border-line bg-surface">
      <header className="flex min-h-9 items-center gap-2 px-3 sm:px-5">
        <h2 id="systems" className="label">
          Systems
        </h2>
        <span className="tabular font-mono text-xs text-faint">{systems.length > 0 && systems.length}</span>
        <Button
          variant="ghost"
          size="sm"
          className="ml-auto"
          aria-expanded={!folded}
          icon={
            folded ? <ChevronsUpDown size={14} aria-hidden="true" /> : <ChevronsDownUp size={14} aria-hidden="true" />
          }
          onClick={() => fold(!folded)}
        >
          {folded ? "Show signals" : "Hide signals"}
        </Button>
      </header>
      {systems.length > 0 ? <List systems={systems} folded={folded} /> : <Nothing isSynced={isSynced} />}
    </section>
  );
}

interface ListProps {
  readonly systems: readonly System[];
  readonly folded: boolean;
}

/** Many systems scroll in a frame of their own, so that the board stays in sight. */
function List({ systems, folded }: ListProps) {
  const experiments = useLive((state) => state.experiments);
  const running = useMemo(() => runningBySystem(experiments.values()), [experiments]);
  const open = useOpenIncidents();
  const Item = folded ? SystemLine : SystemCard;
  const scrolls = systems.length > 6;
  return (
    <ul
      aria-label={countOf(systems.length, "system")}
      {...(scrolls ? { tabIndex: 0 } : {})}
      className={clsx(
        "flex flex-wrap gap-px border-t border-line bg-line",
        scrolls && "relative max-h-[45dvh] overflow-y-auto",
      )}
    >
      {systems.map((system) => {
        const key = keyOf(system);
        return (
          <Item
            key={system.id}
            system={system}
            running={running.get(key) ?? NO_FAULTS}
            openIncidents={open.get(key) ?? NO_INCIDENTS}
          />
        );
      })}
    </ul>
  );
}

function Nothing({ isSynced }: { readonly isSynced: boolean }) {
  if (!isSynced) {
    return (
      <div className="px-3 pb-3 sm:px-5">
        <Loading label="Loading the systems" lines={2} />
      </div>
    );
  }
  return (
    <p className="px-3 pb-3 text-sm text-muted sm:px-5">
      There is no system that you may see. A MockSystem makes one; <code>kubectl explain mocksystem.spec</code> says
      how.
    </p>
  );
}
