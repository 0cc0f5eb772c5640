import { useMemo } from "react";

import { teamsOf } from "@/lib/teams";
import { SEVERITIES, TYPE_WORD } from "@/lib/words";
import type { Things } from "@/live/state";
import { ChoiceField } from "@/ui/Field";

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
const ALL = ["", "All"] as const;

/** What the figures are of. */
export function FilterRow({ things, filters, onChange }: FilterRowProps) {
  const fields = useMemo(() => fieldsOf(things, filters), [things, filters]);
  /** As the address would be read: what is not known there means nothing. */
  const change = (name: string, value: string): void => {
    const params = writeFilters(new URLSearchParams(), filters);
    if (value === "") params.delete(name);
    else params.set(name, value);
    onChange(readFilters(params));
  };
  return (
    <div role="group" aria-label="Filters" className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-6">
      {fields.map(({ name, label, value, options }) => (
        <ChoiceField
          key={name}
          label={label}
          value={value}
          options={options}
          onChoose={(chosen) => change(name, chosen)}
        />
      ))}
    </div>
  );
}

interface FilterField {
  /** As the address has it. */
  readonly name: keyof Filters;
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, word: string])[];
}

function fieldsOf(things: Things, filters: Filters): readonly FilterField[] {
  const { range, drills, type, severity, team, system } = filters;
  const { teams, systems } = choicesOf(things, filters);
  return [
    { name: "range", label: "Range", value: range, options: RANGES.map((each) => [each, RANGE_WORD[each]]) },
    { name: "drills", label: "Drills", value: drills, options: Object.entries(DRILLS_WORD) },
    { name: "type", label: "Type", value: type ?? "any", options: [["any", "All"], ...Object.entries(TYPE_WORD)] },
    { name: "severity", label: "Severity", value: severity ?? "", options: [ALL, ...same(SEVERITIES)] },
    { name: "team", label: "Team", value: team ?? "", options: [ALL, ...same(teams)] },
    { name: "system", label: "System", value: system ?? "", options: [ALL, ...same(systems)] },
  ];
}

function same(values: readonly string[]): readonly (readonly [string, string])[] {
  return values.map((value) => [value, value] as const);
}

/** Whatever there is to choose; what is chosen stays a choice when it is gone. */
function choicesOf({ incidents }: Things, { team, system }: Filters): { teams: string[]; systems: string[] } {
  const teams = new Set([...teamsOf(incidents.values()), ...(team === null ? [] : [team])]);
  const systems = new Set<string>(system === null ? [] : [system]);
  for (const incident of incidents.values()) {
    for (const name of incident.affected_systems) systems.add(name);
  }
  return { teams: [...teams].sort(), systems: [...systems].sort() };
}
