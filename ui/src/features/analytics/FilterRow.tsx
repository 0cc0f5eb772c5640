import { useMemo } from "react";

import { SEVERITIES, TYPE_WORD } from "@/lib/words";
import type { Things } from "@/live/state";
import { SelectField } from "@/ui/Field";

import { type Drills, type Filters, type Range, RANGES, readFilters, writeFilters } from "./filters";

interface FilterRowProps {
  readonly things: Things;
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}

const RANGE_WORD: Record<Range, string> = {
  "1h": "Last hour",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  all: "All time",
};
const DRILLS_WORD: Record<Drills, string> = { all: "With drills", only: "Only drills", none: "Without drills" };
const ANY = "";

/** What the figures are of. */
export function FilterRow({ things, filters, onChange }: FilterRowProps) {
  const { teams, systems } = useMemo(() => choicesOf(things, filters), [things, filters]);
  /** As the address would be read: what is not known there means nothing. */
  const change = (name: string, value: string): void => {
    const params = writeFilters(new URLSearchParams(), filters);
    if (value === ANY) params.delete(name);
    else params.set(name, value);
    onChange(readFilters(params));
  };
  return (
    <div role="group" aria-label="Filters" className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-6">
      <Choice
        name="range"
        label="Range"
        value={filters.range}
        onChange={change}
        options={RANGES.map((range) => [range, RANGE_WORD[range]])}
      />
      <Choice
        name="drills"
        label="Drills"
        value={filters.drills}
        onChange={change}
        options={Object.entries(DRILLS_WORD)}
      />
      <Choice
        name="type"
        label="Type"
        value={filters.type ?? "any"}
        onChange={change}
        options={[["any", "All types"], ...Object.entries(TYPE_WORD)]}
      />
      <Choice
        name="severity"
        label="Severity"
        value={filters.severity ?? ANY}
        onChange={change}
        options={[[ANY, "All"], ...SEVERITIES.map((severity) => [severity, severity] as const)]}
      />
      <Choice
        name="team"
        label="Team"
        value={filters.team ?? ANY}
        onChange={change}
        options={[[ANY, "All"], ...teams.map((team) => [team, team] as const)]}
      />
      <Choice
        name="system"
        label="System"
        value={filters.system ?? ANY}
        onChange={change}
        options={[[ANY, "All"], ...systems.map((system) => [system, system] as const)]}
      />
    </div>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, word: string])[];
  readonly onChange: (name: string, value: string) => void;
}

function Choice({ name, label, value, options, onChange }: ChoiceProps) {
  return (
    <SelectField label={label} value={value} onChange={(event) => onChange(name, event.target.value)}>
      {options.map(([option, word]) => (
        <option key={option} value={option}>
          {word}
        </option>
      ))}
    </SelectField>
  );
}

/** Whatever there is to choose; what is chosen stays a choice when it is gone. */
function choicesOf({ incidents }: Things, { team, system }: Filters): { teams: string[]; systems: string[] } {
  const teams = new Set<string>(team === null ? [] : [team]);
  const systems = new Set<string>(system === null ? [] : [system]);
  for (const incident of incidents.values()) {
    if (incident.team !== "") teams.add(incident.team);
    for (const name of incident.affected_systems) systems.add(name);
  }
  return { teams: [...teams].sort(), systems: [...systems].sort() };
}
