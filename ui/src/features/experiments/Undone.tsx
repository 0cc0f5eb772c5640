import type { Experiment } from "@/api/types";

type TargetStatus = Experiment["systems"][number];

/** How the fault is removed from each system: the record that was written before it began, and what is left. */
export function Undone({ run }: { readonly run: Experiment }) {
  if (run.systems.length === 0) return <p className="text-muted">No system was touched.</p>;
  return (
    <ul className="flex flex-col gap-3">
      {run.systems.map((target) => (
        <li key={target.uid}>
          <TargetUndo target={target} />
        </li>
      ))}
    </ul>
  );
}

function TargetUndo({ target }: { readonly target: TargetStatus }) {
  const { undo, residue, attempts, last_error: error } = target;
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 text-xs">
      <dt className="text-muted">System</dt>
      <dd>
        <span className="font-mono">{target.system}</span>, {target.phase.toLowerCase()}
      </dd>
      <dt className="text-muted">Tag</dt>
      <dd className="font-mono">{undo?.tag ?? "none"}</dd>
      <dt className="text-muted">Dead-man switch</dt>
      <dd>{undo === null || undo.dead_man === "" ? "none" : undo.dead_man}</dd>
      <dt className="text-muted">Residue</dt>
      <dd className={residue !== null && residue > 0 ? "font-semibold text-danger" : ""}>
        {residue === null ? "not scanned" : `${residue} with the tag`}
      </dd>
      {attempts > 1 && (
        <>
          <dt className="text-muted">Attempts</dt>
          <dd className="tabular font-mono">{attempts}</dd>
        </>
      )}
      {error !== "" && (
        <>
          <dt className="text-muted">Last error</dt>
          <dd className="text-danger">{error}</dd>
        </>
      )}
    </dl>
  );
}
