import { Link } from "wouter";

import type { Experiment, Incident, SignalName, System } from "@/api/types";
import { formatDateTime } from "@/lib/format";
import { experimentPath } from "@/lib/paths";
import { FAULT_WORD, REMEDIATION_WORD, SIGNAL_WORD } from "@/lib/words";
import { useLive } from "@/live/store";

import { Fact, Section } from "./Section";

interface FactsProps {
  readonly incident: Incident;
  readonly experiment: Experiment | null;
}

export function FactsSection({ incident, experiment }: FactsProps) {
  const { timestamps } = incident;
  return (
    <Section title="Facts">
      <dl className="grid grid-cols-[6.5rem_minmax(0,1fr)] gap-x-3 gap-y-1.5 text-sm">
        <Fact name="Assignee">{orNobody(incident.assignee)}</Fact>
        <Fact name="Team">{orNobody(incident.team, "none")}</Fact>
        <Fact name="Systems">
          <Systems incident={incident} />
        </Fact>
        <Fact name="Detected">
          {timestamps.detected_at === null ? <Unknown /> : <Time at={timestamps.detected_at} />}
        </Fact>
        {timestamps.resolved_at !== null && (
          <Fact name="Resolved">
            <Time at={timestamps.resolved_at} />
          </Fact>
        )}
        <Fact name="Source">{incident.source === "" ? <Unknown /> : incident.source}</Fact>
        <Fact name="Created by">{incident.generated_by === "" ? <Unknown /> : incident.generated_by}</Fact>
        <Fact name="Remediation">{REMEDIATION_WORD[incident.remediation_mode]}</Fact>
        {experiment !== null && <ExperimentFact experiment={experiment} />}
        <Fact name="In the cluster">
          <span className="font-mono text-xs">
            {incident.namespace}/{incident.name}
          </span>
        </Fact>
        {Object.entries(incident.metadata).map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
    </Section>
  );
}

function ExperimentFact({ experiment }: { readonly experiment: Experiment }) {
  return (
    <Fact name="Experiment">
      <Link href={experimentPath(experiment)} className="text-accent underline">
        {experiment.name}
      </Link>
      <span className="block text-xs text-muted">{FAULT_WORD[experiment.fault.type]}</span>
    </Fact>
  );
}

/** Each system with its health as it is now, and the signals that broke. */
function Systems({ incident }: { readonly incident: Incident }) {
  const systems = useLive((state) => state.systems);
  if (incident.affected_systems.length === 0) return <Unknown />;
  return (
    <ul>
      {incident.affected_systems.map((name) => {
        const system = [...systems.values()].find(
          (each) => each.name === name && each.namespace === incident.namespace,
        );
        return (
          <li key={name}>
            {name}
            {system !== undefined && <SystemHealth system={system} signals={incident.signals} />}
          </li>
        );
      })}
    </ul>
  );
}

function SystemHealth({ system, signals }: { readonly system: System; readonly signals: readonly SignalName[] }) {
  const shown = system.signals.filter(({ name }) => signals.includes(name));
  return (
    <span className="block text-xs text-muted">
      {shown.map(({ name, health }) => (
        <span key={name} className="block">
          {SIGNAL_WORD[name]} now{" "}
          <span className={health !== null && health < system.threshold_percent ? "text-danger" : "text-ok"}>
            <span className="tabular font-mono font-medium">{health === null ? "unknown" : `${health} %`}</span>
          </span>
        </span>
      ))}
    </span>
  );
}

function Time({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} className="tabular font-mono text-xs">
      {formatDateTime(at)}
    </time>
  );
}

function orNobody(text: string, none = "nobody") {
  return text === "" ? <span className="text-faint">{none}</span> : text;
}

function Unknown() {
  return <span className="text-faint">unknown</span>;
}
