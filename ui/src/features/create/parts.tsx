/** The parts of the form, each with its own fields. */
import { type RefObject, useId, useMemo } from "react";

import type { IncidentType } from "@/api/types";
import { teamsOf } from "@/lib/teams";
import { REMEDIATION_WORD, SEVERITIES, SEVERITY_WORD, TYPE_WORD } from "@/lib/words";
import { useLive } from "@/live/store";
import { ChoiceField, TextArea, TextField } from "@/ui/Field";

import type { Draft } from "./draft";
import type { Create } from "./useCreate";

export interface PartProps {
  readonly create: Create;
}

interface WhatProps extends PartProps {
  /** Where writing begins. */
  readonly first: RefObject<HTMLInputElement | null>;
}

export function What({ create: { draft, errors, change }, first }: WhatProps) {
  return (
    <>
      <TextField
        label="What is wrong, in one line"
        data-field="message"
        required
        maxLength={256}
        ref={first}
        value={draft.message}
        error={errors["message"]}
        placeholder="Checkout answers with 503"
        onChange={(event) => change({ message: event.target.value })}
      />
      <TextArea
        label="Description"
        data-field="description"
        maxLength={4096}
        value={draft.description}
        error={errors["description"]}
        onChange={(event) => change({ description: event.target.value })}
      />
    </>
  );
}

const SEVERITY_CHOICES = [
  ["", "Set by the diagnosis"],
  ...SEVERITIES.map((severity) => [severity, `${severity}: ${SEVERITY_WORD[severity]}`] as const),
] as const satisfies readonly (readonly [Draft["severity"], string])[];

const TYPE_CHOICES = (["real_system", "synthetic", "training"] as const).map(
  (type) => [type, TYPE_WORD[type]] as const,
);

export function Kind({ create: { draft, errors, change } }: PartProps) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <ChoiceField
        label="Severity"
        data-field="severity"
        value={draft.severity}
        options={SEVERITY_CHOICES}
        error={errors["severity"]}
        hint={draft.severity === "" ? undefined : "A diagnosis will not change it."}
        onChoose={(severity) => change({ severity })}
      />
      <ChoiceField
        label="Type"
        data-field="type"
        value={draft.type}
        options={TYPE_CHOICES}
        error={errors["type"]}
        hint={TYPE_HINT[draft.type]}
        onChoose={(type) => change({ type })}
      />
    </div>
  );
}

const TYPE_HINT: Record<IncidentType, string> = {
  real_system: "It is diagnosed, and a plan may act on it.",
  synthetic: "Nothing real is behind it: no plan acts on it.",
  training: "For training people: no plan acts on it.",
};

/** More are typed, not chosen. */
const MOST_TEAMS = 100;

export function Who({ create: { draft, errors, change } }: PartProps) {
  const incidents = useLive((state) => state.incidents);
  const id = useId();
  const teams = useMemo(() => teamsOf(incidents.values()).slice(0, MOST_TEAMS), [incidents]);
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <div>
        <TextField
          label="Team"
          data-field="team"
          list={id}
          maxLength={63}
          value={draft.team}
          error={errors["team"]}
          onChange={(event) => change({ team: event.target.value })}
        />
        <datalist id={id}>
          {teams.map((team) => (
            <option key={team} value={team} />
          ))}
        </datalist>
      </div>
      <TextField
        label="Source"
        data-field="source"
        maxLength={256}
        value={draft.source}
        error={errors["source"]}
        placeholder="api-gateway"
        hint="What reported it first."
        onChange={(event) => change({ source: event.target.value })}
      />
    </div>
  );
}

const MODES = (["automated", "advisory", "manual"] as const).map((mode) => [mode, REMEDIATION_WORD[mode]] as const);
const MODE_HINT: Record<Draft["mode"], string> = {
  automated: "A plan is proposed, and runs once a person approved it.",
  advisory: "It is diagnosed, and nothing is done.",
  manual: "Nothing is done unless somebody asks for it.",
};

export function How({ create: { draft, errors, change } }: PartProps) {
  return (
    <ChoiceField
      label="Remediation"
      data-field="mode"
      value={draft.mode}
      options={MODES}
      error={errors["mode"]}
      hint={MODE_HINT[draft.mode]}
      onChoose={(mode) => change({ mode })}
    />
  );
}
