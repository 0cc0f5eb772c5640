import { useId, useMemo } from "react";

import { useSession } from "@/live/session";
import { useLive } from "@/live/store";

import { MOST_SYSTEMS } from "./draft";
import type { PartProps } from "./parts";

/** Systems of the namespace: only those can be measured and acted on. */
export function Systems({ create }: PartProps) {
  const { errors } = create;
  const { namespace } = useSession();
  const names = useNames(namespace);
  const id = useId();
  const error = errors["systems"];
  return (
    <fieldset
      data-field="systems"
      aria-describedby={error === undefined ? `${id}-hint` : `${id}-hint ${id}-error`}
      className="flex flex-col gap-1.5"
    >
      <legend className="label mb-1">Affected systems</legend>
      <Boxes create={create} names={names} />
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

function useNames(namespace: string): readonly string[] {
  const systems = useLive((state) => state.systems);
  return useMemo(() => {
    const here = [...systems.values()].filter((each) => each.namespace === namespace);
    return here.map(({ name }) => name).sort();
  }, [systems, namespace]);
}

function Boxes({ create: { draft, change }, names }: PartProps & { readonly names: readonly string[] }) {
  const isFull = draft.systems.length >= MOST_SYSTEMS;
  if (names.length === 0) return null;
  return (
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
  );
}

function toggled(systems: readonly string[], name: string): readonly string[] {
  return systems.includes(name) ? systems.filter((each) => each !== name) : [...systems, name];
}
