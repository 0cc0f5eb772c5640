import { useQuery } from "@tanstack/react-query";
import { SearchX } from "lucide-react";
import { useEffect, useMemo } from "react";
import { useLocation, useSearchParams } from "wouter";

import { Problem } from "@/api/problem";
import { incidentQuery } from "@/api/queries";
import type { Incident, IncidentDetail } from "@/api/types";
import { label } from "@/lib/keys";
import { connection, useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Empty, Loading, ProblemNote } from "@/ui/States";

import { ApprovalDialog, OWN_PARAMS } from "./ApprovalDialog";
import { Details } from "./Details";
import { incidentFinder } from "./find";

/** An incident's details over the board. `id` is its number, its name, or its uid. */
export default function IncidentDialog({ id }: { readonly id: string }) {
  return <Opened key={id} id={id} />;
}

function Opened({ id }: { readonly id: string }) {
  const close = useClose();
  const { incident, detail, problem, retry } = useIncident(id);
  useViewing(incident?.id ?? null);
  return (
    <Dialog isOpen onClose={close} size="xl" title={<Title id={id} incident={incident} />}>
      {incident !== null ? (
        <>
          <Details incident={incident} detail={detail} problem={problem} onRetry={retry} onGone={close} />
          <ApprovalDialog incident={incident} />
        </>
      ) : (
        <Missing id={id} problem={problem} onRetry={retry} onBack={close} />
      )}
    </Dialog>
  );
}

interface Known {
  readonly incident: Incident | null;
  /** What only a read of its own tells; null while it is not there. */
  readonly detail: IncidentDetail | null;
  readonly problem: Problem | null;
  readonly retry: () => void;
}

/** The incident as the stream tells it, with what was read of it; as it was read where the stream does not know it. */
function useIncident(id: string): Known {
  const find = useMemo(() => incidentFinder(id), [id]);
  const live = useLive(find);
  const mayAsk = useLive((state) => state.isSynced || state.phase === "reconnecting");
  const read = useQuery({
    ...incidentQuery(live?.id ?? id, live?.resource_version ?? ""),
    enabled: live !== undefined || mayAsk,
  });
  const detail = read.data ?? null;
  // Once the stream had it and lost it, what was read before is of an incident that is gone.
  const readAlone = read.isPlaceholderData ? null : detail;
  return {
    incident: live ?? readAlone,
    detail,
    problem: read.error === null ? null : Problem.of(read.error),
    retry: () => void read.refetch(),
  };
}

/** Back to the board, with its filters but without what belongs to this dialog. */
function useClose(): () => void {
  const [, navigate] = useLocation();
  const [params] = useSearchParams();
  return () => {
    const kept = new URLSearchParams(params);
    for (const name of OWN_PARAMS) kept.delete(name);
    const search = kept.toString();
    navigate(search === "" ? "/" : `/?${search}`);
  };
}

/** Tells the others which incident is looked at. */
function useViewing(incidentId: string | null): void {
  useEffect(() => {
    connection.view(incidentId);
    return () => connection.view(null);
  }, [incidentId]);
}

function Title({ id, incident }: { readonly id: string; readonly incident: Incident | null }) {
  if (incident === null) return <>Incident {id}</>;
  return (
    <>
      <span className="mr-1.5 font-mono text-base font-medium text-muted">{label(incident)}</span> {incident.message}
    </>
  );
}

interface MissingProps {
  readonly id: string;
  readonly problem: Problem | null;
  readonly onRetry: () => void;
  readonly onBack: () => void;
}

function Missing({ id, problem, onRetry, onBack }: MissingProps) {
  if (problem === null) return <Loading label={`Loading incident ${id}`} lines={5} />;
  if (problem.status !== 404) return <ProblemNote problem={problem} onRetry={onRetry} />;
  return (
    <Empty
      icon={<SearchX size={28} aria-hidden="true" />}
      title={`There is no incident ${id}`}
      action={<Button onClick={onBack}>Back to the board</Button>}
    >
      It may be deleted, or be in a namespace that you may not see.
    </Empty>
  );
}
