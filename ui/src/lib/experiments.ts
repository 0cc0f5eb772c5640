import type { Experiment } from "@/api/types";

/** The systems that an experiment breaks: those that were chosen, until then the one that was asked for by name. */
export function targetsOf({ systems, target }: Experiment): readonly string[] {
  if (systems.length > 0) return systems.map(({ system }) => system);
  return target.system_ref === null ? [] : [target.system_ref.name];
}
