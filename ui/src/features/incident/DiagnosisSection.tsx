import type { Incident, IncidentDetail } from "@/api/types";
import { FAULT_WORD } from "@/lib/words";
import { Bar } from "@/ui/Bar";

import { EvidenceView } from "./EvidenceView";
import { FallbackChain } from "./FallbackChain";
import { Paragraph, Section } from "./Section";

type Analysis = NonNullable<Incident["analysis"]>;

interface DiagnosisSectionProps {
  readonly incident: Incident;
  readonly detail: IncidentDetail | null;
}

/** What is believed to be wrong, by whom, how sure, and everything that it stands on. */
export function DiagnosisSection({ incident, detail }: DiagnosisSectionProps) {
  const { analysis } = incident;
  return (
    <>
      <Section title="Diagnosis" aside={analysis !== null && <Author analysis={analysis} />}>
        {analysis === null ? (
          <p className="text-sm text-muted">
            Not diagnosed yet: the evidence is being read, or no diagnosis was asked for.
          </p>
        ) : (
          <Belief analysis={analysis} named={detail?.diagnosis_evidence ?? []} />
        )}
        {detail !== null && detail.fallback_chain.length > 0 && <FallbackChain chain={detail.fallback_chain} />}
      </Section>
      {detail?.evidence != null && (
        <Section title="Evidence">
          <EvidenceView evidence={detail.evidence} />
        </Section>
      )}
    </>
  );
}

function Author({ analysis }: { readonly analysis: Analysis }) {
  return (
    <span className="text-xs text-muted">
      by <span className="font-semibold text-ink">{analysis.diagnosis_provider}</span>
      {analysis.model !== "" && <span className="font-mono"> {analysis.model}</span>}
    </span>
  );
}

function Belief({ analysis, named }: { readonly analysis: Analysis; readonly named: readonly string[] }) {
  const { root_cause: cause } = analysis;
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div>
          <h4 className="label mb-0.5">Root cause</h4>
          <p className="text-base font-semibold">
            {cause.fault_type === null ? "Undetermined" : FAULT_WORD[cause.fault_type]}
            {cause.system !== "" && <span className="font-normal text-muted"> on {cause.system}</span>}
          </p>
        </div>
        <Confidence percent={analysis.confidence} />
      </div>
      <Paragraph title="What is wrong" text={analysis.diagnosis} />
      <Paragraph title="What should be done" text={analysis.solution} />
      {named.length > 0 && (
        <div>
          <h4 className="label mb-0.5">The evidence that it names</h4>
          <ul className="list-disc pl-5 text-sm marker:text-faint">
            {named.map((line, index) => (
              <li key={index}>{line}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

/** How sure the diagnoser says that it is. Nothing is approved by it. */
function Confidence({ percent }: { readonly percent: number }) {
  return (
    <div className="w-40" title="For people to weigh: nothing is approved by it">
      <p className="mb-1 flex items-baseline justify-between text-xs text-muted">
        Confidence <span className="tabular font-mono text-base font-medium text-ink">{percent} %</span>
      </p>
      <Bar share={percent / 100} tone="accent" />
    </div>
  );
}
