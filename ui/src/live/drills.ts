/** What drills and practice are begun with, from wherever that is offered. Each gives null where it was refused. */
import { api, unwrap, unwrapAnswer } from "@/api/client";
import type { Experiment, GeneratorStatus, Scenario } from "@/api/types";
import { FAULT_WORD } from "@/lib/words";

import { attempt } from "./actions";

/** For as long as the catalogue says, or for so many seconds. */
export function startDrill(
  { name, system, fault_type: fault }: Scenario,
  seconds?: number,
): Promise<Experiment | null> {
  const body = { scenario: name, ...(seconds === undefined ? {} : { duration_seconds: seconds }) };
  const what = `${FAULT_WORD[fault]} on ${system}`;
  return attempt(`Drill started: ${what}`, `The drill did not start: ${what}`, () =>
    unwrap(api.POST("/api/v1/experiments", { body })),
  );
}

export async function makePracticeIncident(): Promise<void> {
  await attempt("A practice incident is on its way", "No practice incident was made", () =>
    unwrapAnswer(api.POST("/api/v1/generate-incident", { body: {} })),
  );
}

export function startPractice(): Promise<GeneratorStatus | null> {
  return attempt("Practice incidents come at intervals from now on", "Practice incidents were not started", () =>
    unwrap(api.POST("/api/v1/generator/start", { body: {} })),
  );
}

export function stopPractice(): Promise<GeneratorStatus | null> {
  return attempt("No more practice incidents come", "Practice incidents were not stopped", () =>
    unwrap(api.POST("/api/v1/generator/stop")),
  );
}
