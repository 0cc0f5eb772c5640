import type { ProviderAttempt } from "@/api/types";
import { countOf, formatMilliseconds, splitWords } from "@/lib/format";
import { Badge } from "@/ui/Badge";
import { Fold } from "@/ui/Fold";

/** Every provider that was asked, in order: the first that answers is taken. */
export function FallbackChain({ chain }: { readonly chain: readonly ProviderAttempt[] }) {
  return (
    <Fold className="mt-4" title={`${countOf(chain.length, "provider was", "providers were")} asked`}>
      <ol className="flex flex-col">
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
    </Fold>
  );
}

function spent({ latency_ms, input_tokens, output_tokens }: ProviderAttempt): string {
  const parts = [formatMilliseconds(latency_ms)];
  if (input_tokens !== null) parts.push(`${input_tokens} tokens in`);
  if (output_tokens !== null) parts.push(`${output_tokens} tokens out`);
  return parts.join(", ");
}
