import type { EvidenceDocument } from "@/api/types";
import { countOf, formatDateTime, splitWords } from "@/lib/format";
import { SIGNAL_WORD } from "@/lib/words";
import { Badge } from "@/ui/Badge";
import { Fold } from "@/ui/Fold";
import { Sparkline } from "@/ui/Sparkline";

import { toPoints } from "./evidence";

/** All that the diagnosis stands on, and all that a model was sent of the system. */
export function EvidenceView({ evidence }: { readonly evidence: EvidenceDocument }) {
  const facts = Object.entries(evidence.facts);
  return (
    <div className="flex flex-col gap-4">
      <p className="text-sm text-muted">
        Read from {evidence.type === null ? "" : `${evidence.type} `}
        <span className="font-mono text-xs text-ink">{evidence.system}</span> at{" "}
        <time dateTime={evidence.collected_at} className="tabular font-mono text-xs">
          {formatDateTime(evidence.collected_at)}
        </time>
        ; below {evidence.threshold_percent} % a signal is breached.
      </p>
      {evidence.problem !== "" && (
        <p className="rounded-md bg-warn-soft px-3 py-2 text-sm text-warn">{evidence.problem}</p>
      )}
      <ul className="flex flex-col">
        {evidence.signals.map((signal) => (
          <SignalRow key={signal.name} signal={signal} evidence={evidence} />
        ))}
      </ul>
      {facts.length > 0 && (
        <Fold title={countOf(facts.length, "setting or counter", "settings and counters")}>
          <dl className="grid grid-cols-[repeat(auto-fill,minmax(15rem,1fr))] gap-x-6 gap-y-1 text-xs">
            {facts.map(([name, value]) => (
              <div key={name} className="flex justify-between gap-3 border-b border-line py-1">
                <dt className="text-muted">{splitWords(name)}</dt>
                <dd className="min-w-0 text-right font-mono">{value}</dd>
              </div>
            ))}
          </dl>
        </Fold>
      )}
      {evidence.tables.map((table) => (
        <Fold key={table.title} title={`${table.title} (${countOf(table.rows.length, "row")})`}>
          <Table table={table} />
        </Fold>
      ))}
    </div>
  );
}

interface SignalRowProps {
  readonly signal: EvidenceDocument["signals"][number];
  readonly evidence: EvidenceDocument;
}

function SignalRow({ signal, evidence }: SignalRowProps) {
  const { points, now, spanMs } = toPoints(signal, evidence.collected_at);
  const health = signal.health === null ? "unknown" : `${signal.health} %`;
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_4.5rem] items-center gap-x-4 gap-y-1 border-b border-line py-2 text-sm last:border-b-0 sm:grid-cols-[minmax(0,1fr)_7rem_4.5rem]">
      <div className="col-span-2 min-w-0 sm:col-span-1">
        <p className="flex flex-wrap items-center gap-x-2">
          <span className="font-semibold">{SIGNAL_WORD[signal.name]}</span>
          {signal.breached && <Badge tone="danger">Breached</Badge>}
        </p>
        {signal.message !== "" && <p className="text-xs text-muted">{signal.message}</p>}
      </div>
      {points.length > 0 ? (
        <Sparkline
          points={points}
          threshold={evidence.threshold_percent}
          now={now}
          spanMs={spanMs}
          label={`${SIGNAL_WORD[signal.name]} over the ${Math.round(spanMs / 1000)} s before, ${health} at the end`}
        />
      ) : (
        <span className="text-xs text-faint">no history</span>
      )}
      <span className="tabular text-right font-mono text-xs font-medium">{health}</span>
    </li>
  );
}

function Table({ table }: { readonly table: EvidenceDocument["tables"][number] }) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={table.title}>
      <table className="w-full min-w-96 text-xs">
        <thead>
          <tr className="border-b border-line text-left text-muted">
            {table.columns.map((column) => (
              <th key={column} scope="col" className="py-1 pr-4 font-semibold">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="font-mono">
          {table.rows.map((row, index) => (
            <tr key={index} className="border-b border-line align-top last:border-b-0">
              {row.map((cell, column) => (
                <td key={column} className="py-1 pr-4">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.left_out > 0 && <p className="mt-1 text-xs text-muted">{countOf(table.left_out, "more row")} not shown</p>}
    </div>
  );
}
