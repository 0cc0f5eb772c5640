import { clsx } from "clsx";

import type { ActionResult } from "@/api/types";

import { compareEvidence, type EvidenceRow } from "./steps";

const CELL = "py-1 pl-2.5 text-right align-baseline sm:pl-4";
/** A phone has no room for what follows from the other two. */
const CHANGE = clsx(CELL, "hidden sm:table-cell");

/** What was read from the target before a step and after it, the changed numbers marked. */
export function EvidenceChanges({ result }: { readonly result: ActionResult }) {
  const rows = compareEvidence(result);
  if (rows.length === 0) return null;
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Evidence before and after">
      <table className="w-full max-w-xl text-xs">
        <thead>
          <tr className="border-b border-line text-muted">
            <th scope="col" className="py-1 text-left font-semibold">
              Read from the target
            </th>
            <th scope="col" className={clsx(CELL, "font-semibold")}>
              Before
            </th>
            <th scope="col" className={clsx(CELL, "font-semibold")}>
              After
            </th>
            <th scope="col" className={clsx(CHANGE, "font-semibold")}>
              Change
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.name} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row }: { readonly row: EvidenceRow }) {
  return (
    <tr className={clsx("border-b border-line last:border-b-0", !row.hasChanged && "text-muted")}>
      <th scope="row" className="py-1 text-left font-normal">
        {row.name}
      </th>
      <td className={clsx(CELL, "tabular font-mono")}>{row.before}</td>
      <td className={clsx(CELL, "tabular font-mono", row.hasChanged && "font-medium text-accent")}>
        {row.after ?? "…"}
      </td>
      <td className={clsx(CHANGE, "tabular font-mono", row.hasChanged && "font-medium text-accent")}>
        {row.change ?? (row.hasChanged ? "changed" : <span className="sr-only">none</span>)}
      </td>
    </tr>
  );
}
