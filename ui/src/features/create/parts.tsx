/** The parts of the form, each with its own fields. */
import { type RefObject, useId, useMemo } from "react";

import type { IncidentType, Severity } from "@/api/types";
import { SEVERITIES, SEVERITY_WORD, TYPE_WORD } from "@/lib/words";
import { useSession } from "@/live/session";
import { useLive } from "@/live/store";
import { SelectField, TextArea, TextField } from "@/ui/Field";

import { type Draft, MOST_SYSTEMS } from "./draft";
import type { Create } from "./useCreate";

interface PartProps {
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
        label="More about it"
        data-field="description"
        maxLength={4096}
        value={draft.description}
        error={errors["description"]}
        onChange={(event) => change({ description: event.target.value })}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField
          label="Severity"
          data-field="severity"
          value={draft.severity}
          error={errors["severity"]}
          hint={draft.severity === "" ? "A diagnosis sets it." : "A diagnosis will not change it."}
          onChange={(event) => change({ severity: event.target.value as Severity | "" })}
        >
          <option value="">By the diagnosis</option>
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {severity}: {SEVERITY_WORD[severity]}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="Type"
          data-field="type"
          value={draft.type}
          error={errors["type"]}
          hint={TYPE_HINT[draft.type]}
          onChange={(event) => change({ type: event.target.value as IncidentType })}
        >
          {TYPES.map((type) => (
            <option key={type} value={type}>
              {TYPE_WORD[type]}
            </option>
          ))}
        </SelectField>
      </div>
    </>
  );
}

const TYPES = ["real_system", "synthetic", "training"] as const satisfies readonly IncidentType[];
const TYPE_HINT: Record<IncidentType, string> = {
  real_system: "It is diagnosed, and a plan may act on it.",
  synthetic: "Nothing real is behind it: no plan acts on it.",
  training: "For an exercise of people: no plan acts on it.",
};

/** Systems of the namespace: only those can be measured and acted on. */
export function Systems({ create: { draft, errors, change } }: PartProps) {
  const { namespace } = useSession();
  const systems = useLive((state) => state.systems);
  const id = useId();
  const names = useMemo(
    () =>
      [...systems.values()]
        .filter((each) => each.namespace === namespace)
        .map(({ name }) => name)
        .sort(),
    [systems, namespace],
  );
  const error = errors["systems"];
  const isFull = draft.systems.length >= MOST_SYSTEMS;
  return (
    <fieldset
      data-field="systems"
      aria-describedby={error === undefined ? `${id}-hint` : `${id}-hint ${id}-error`}
      className="flex flex-col gap-1.5"
    >
      <legend className="label mb-1">Affected systems</legend>
      {names.length > 0 && (
        <div className="flex flex-wrap gap-x-4 gap-y-1">
          {names.map((name) => {
            const isChosen = draft.systems.includes(name);
            return (
              <label key={name} className="flex min-h-7 items-center gap-2 text-sm">
                <input
                  type="checkbox"
                  className="size-4 accent-accent"
                  checked={isChosen}
                  disabled={isFull && !isChosen}
                  onChange={() => change({ systems: toggled(draft.systems, name) })}
                />
                <code>{name}</code>
              </label>
            );
          })}
        </div>
      )}
      <p id={`${id}-hint`} className="text-xs text-faint">
        {names.length === 0
          ? `There is no system in the namespace ${namespace}.`
          : "A plan can act only where a system is named."}
      </p>
      {error !== undefined && (
        <p id={`${id}-error`} role="alert" className="text-xs font-semibold text-danger">
          {error}
        </p>
      )}
    </fieldset>
  );
}

function toggled(systems: readonly string[], name: string): readonly string[] {
  return systems.includes(name) ? systems.filter((each) => each !== name) : [...systems, name];
}

export function Who({ create: { draft, errors, change } }: PartProps) {
  const incidents = useLive((state) => state.incidents);
  const id = useId();
  const teams = useMemo(() => {
    const known = new Set([...incidents.values()].map(({ team }) => team));
    known.delete("");
    return [...known].sort().slice(0, 100);
  }, [incidents]);
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

const MODES: readonly { readonly mode: Draft["mode"]; readonly word: string; readonly hint: string }[] = [
  { mode: "automated", word: "Automated", hint: "A plan is proposed, and runs once a person approved it." },
  { mode: "advisory", word: "Advisory", hint: "It is diagnosed, and nothing is done." },
  { mode: "manual", word: "Manual", hint: "Nothing is done unasked." },
];

export function How({ create: { draft, errors, change } }: PartProps) {
  return (
    <SelectField
      label="Remediation"
      data-field="mode"
      value={draft.mode}
      error={errors["mode"]}
      hint={MODES.find(({ mode }) => mode === draft.mode)?.hint}
      onChange={(event) => change({ mode: event.target.value as Draft["mode"] })}
    >
      {MODES.map(({ mode, word }) => (
        <option key={mode} value={mode}>
          {word}
        </option>
      ))}
    </SelectField>
  );
}
