import { monitorForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { useSearch } from "wouter";

import { boardQuery } from "@/api/queries";
import type { Incident, IncidentStatus } from "@/api/types";
import type { SlaTargets } from "@/lib/sla";
import { STATUSES } from "@/lib/words";
import { useMay, useSession } from "@/live/session";
import { store, useLive } from "@/live/store";
import { Loading } from "@/ui/States";

import { Column } from "./Column";
import { findViewers, latestPlans } from "./context";
import { FilterBar } from "./FilterBar";
import { arrange, isFiltering, readFilters } from "./filters";
import { requestMove } from "./moving";
import { ReasonDialog } from "./ReasonDialog";
import { useBoardKeys } from "./useBoardKeys";
import { useKeptFocus } from "./useKeptFocus";

const NO_TARGETS: SlaTargets = {};

const EMPTY: Record<IncidentStatus, string> = {
  triage: "Nothing new. What breaks arrives here.",
  investigating: "Nothing is being looked into.",
  fixing: "Nothing is being fixed.",
  resolved: "Nothing was resolved yet.",
};

/** Four columns, live. */
export function BoardPage() {
  const incidents = useLive((state) => state.incidents);
  const isSynced = useLive((state) => state.isSynced);
  const moves = useLive((state) => state.moves);
  const { user } = useSession();
  const search = useSearch();
  const filters = useMemo(() => readFilters(new URLSearchParams(search)), [search]);
  const columns = useMemo(() => arrange(incidents.values(), moves, filters, user), [incidents, moves, filters, user]);
  const totals = useMemo(() => countByStatus(incidents.values(), moves), [incidents, moves]);
  const context = useCardContext(moves);
  useDrops();
  useBoardKeys();
  const board = useRef<HTMLDivElement>(null);
  useKeptFocus(board, columns);

  const emptyText = isFiltering(filters) ? "Nothing that the filters let through." : null;
  return (
    <div className="flex flex-1 flex-col gap-3 px-3 pb-6 sm:px-5">
      <h1 className="sr-only">Board</h1>
      <FilterBar filters={filters} />
      {isSynced ? (
        // A dialog takes pointer events from the body; its overlay lies over the cards, and none need a new style for it.
        <div ref={board} className="pointer-events-auto grid flex-1 gap-3 sm:grid-cols-2 lg:grid-cols-4">
          {STATUSES.map((status) => (
            <Column
              key={status}
              status={status}
              incidents={columns[status]}
              total={totals[status]}
              emptyText={emptyText ?? EMPTY[status]}
              context={context}
            />
          ))}
        </div>
      ) : (
        <Loading label="Loading the incidents" lines={6} />
      )}
      <ReasonDialog />
    </div>
  );
}

function useCardContext(moves: ReadonlyMap<string, IncidentStatus>) {
  const plans = useLive((state) => state.plans);
  const presence = useLive((state) => state.presence);
  const me = useLive((state) => state.me?.connection ?? null);
  const targets = useQuery(boardQuery).data?.sla ?? NO_TARGETS;
  const mayMove = useMay("edit_incidents");
  const latest = useMemo(() => latestPlans(plans.values()), [plans]);
  const viewers = useMemo(() => findViewers(presence, me), [presence, me]);
  return useMemo(
    () => ({ plans: latest, viewers, moves, targets, mayMove }),
    [latest, viewers, moves, targets, mayMove],
  );
}

/** Where a drag ends; while it lasts, columns that the table of moves refuses look so. The server decides. */
function useDrops(): void {
  const moves = useQuery(boardQuery).data?.moves;
  useEffect(() => {
    const mark = (from: IncidentStatus | null): void => {
      for (const column of document.querySelectorAll<HTMLElement>("[data-column]")) {
        const status = STATUSES.find((known) => known === column.dataset["column"]);
        const isRefused =
          from !== null && status !== undefined && status !== from && moves?.[from]?.includes(status) === false;
        column.toggleAttribute("data-refuses", isRefused);
      }
    };
    const dragged = (data: Record<string, unknown>): Incident | undefined =>
      store.get().incidents.get(String(data["incident"]));
    return monitorForElements({
      onDragStart: ({ source }) => mark(dragged(source.data)?.status ?? null),
      onDrop: ({ source, location }) => {
        mark(null);
        const incident = dragged(source.data);
        const status = STATUSES.find((known) => known === location.current.dropTargets[0]?.data["status"]);
        if (incident !== undefined && status !== undefined && status !== incident.status) {
          requestMove(incident, status);
        }
      },
    });
  }, [moves]);
}

function countByStatus(
  incidents: Iterable<{ readonly id: string; readonly status: IncidentStatus }>,
  moves: ReadonlyMap<string, IncidentStatus>,
): Record<IncidentStatus, number> {
  const counts: Record<IncidentStatus, number> = { triage: 0, investigating: 0, fixing: 0, resolved: 0 };
  for (const { id, status } of incidents) counts[moves.get(id) ?? status] += 1;
  return counts;
}
