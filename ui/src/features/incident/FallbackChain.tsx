import { ChevronRight } from "lucide-react";

import type { ProviderAttempt } from "@/api/types";
import { countOf, formatPrecise, splitWords } from "@/lib/format";
import { Badge } from "@/ui/Badge";

/** Every provider that was asked, in order: the first that answers is taken. */
export function FallbackChain({ chain }: { readonly chain: readonly ProviderAttempt[] }) {
  return (
    <details className="group mt-4">
      <summary className="flex min-h-7 cursor-pointer list-none items-center gap-1 text-xs font-semibold text-muted hover:text-ink">
        <ChevronRight size={14} aria-hidden="true" className="group-open:rotate-90" />
        {countOf(chain.length, "provider was", "providers were")} asked
      </summary>
      <ol className="mt-1 flex flex-col">
        {chain.map((attempt, index) => (
          <li key={index} className="flex flex-col gap-0.5 border-b border-line py-2 text-sm last:border-b-0">
            <p className="flex flex-wrap items-baseline gap-x-2">
              <span className="font-semibold">{attempt.provider}</span>
              {attempt.model !== "" && <span className="font-mono text-xs text-muted">{attempt.model}</span>}
              <Badge tone={attempt.outcome === "Answered" ? "ok" : "warn"}>{splitWords(attempt.outcome)}</Badge>
              <span className="tabular ml-auto font-mono text-xs text-muted">{spent(attempt)}</span>
            </p>
            {attempt.message !== "" && <p className="text-xs text-muted">{attempt.message}</p>}
          </li>
        ))}
      </ol>
    </details>
  );
}

function spent({ latency_ms, input_tokens, output_tokens }: ProviderAttempt): string {
  const parts = [latency_ms < 1000 ? `${latency_ms} ms` : formatPrecise(latency_ms / 1000)];
  if (input_tokens !== null) parts.push(`${input_tokens} tokens sent`);
  if (output_tokens !== null) parts.push(`${output_tokens} came back`);
  return parts.join(", ");
}
