import { formatPrecise } from "@/lib/format";
import type { Summary } from "@/lib/statistics";

import { type Diagnoser, percent } from "./scoreboard";

interface DiagnosersProps {
  readonly name: string;
  readonly diagnosers: readonly Diagnoser[];
}

/** Who diagnosed: how often the cause was right, and how long it took. */
export function Diagnosers({ name, diagnosers }: DiagnosersProps) {
  return (
    <div role="region" aria-label={`Diagnosers of ${name}`} tabIndex={0} className="relative overflow-x-auto">
      <table className="w-full max-w-3xl text-sm">
        <thead className="text-xs text-muted">
          <tr>
            <th className="pr-4 pb-1 text-left font-semibold">Diagnoser</th>
            <th className="px-2 pb-1 text-right font-semibold">Right cause</th>
            <th className="px-2 pb-1 text-right font-semibold">Diagnosis, median</th>
            <th className="px-2 pb-1 text-right font-semibold">Machine, median</th>
            <th className="pb-1 pl-2 text-right font-semibold">Total, median</th>
          </tr>
        </thead>
        <tbody>
          {diagnosers.map(({ provider, causeRight, diagnose, machine, total }) => (
            <tr key={provider} className="border-t border-line">
              <th className="py-2 pr-4 text-left font-semibold">{provider === "" ? "Nobody" : provider}</th>
              <td className="tabular px-2 py-2 text-right font-mono whitespace-nowrap">
                {percent(causeRight)}
                <N of={causeRight.n} />
              </td>
              <Time of={diagnose} />
              <Time of={machine} />
              <Time of={total} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Time({ of: { median, n } }: { readonly of: Summary }) {
  return (
    <td className="tabular px-2 py-2 text-right font-mono whitespace-nowrap last:pr-0">
      {median === null ? <span className="font-sans text-faint">unknown</span> : formatPrecise(median)}
      <N of={n} />
    </td>
  );
}

function N({ of }: { readonly of: number }) {
  return <span className="ml-2 text-xs text-muted">n = {of}</span>;
}
