/** What can be done to one incident from its details. Each gives whether it was done, and tells why it was not. */
import { api, unwrap } from "@/api/client";
import type { Incident, Severity } from "@/api/types";
import { label } from "@/lib/keys";
import { attempt } from "@/live/actions";
import { store } from "@/live/store";

function params(incident: Incident) {
  return { params: { path: { id: incident.id } } };
}

/** Shows the answer at once, and not only when the stream tells it. */
async function run(done: string, failed: string, ask: () => Promise<Incident>): Promise<boolean> {
  const answer = await attempt(done, failed, ask);
  if (answer !== null) store.dispatch({ type: "answer", incident: answer });
  return answer !== null;
}

/** For what is not answered by the incident: the stream tells what became of it. */
async function tell(done: string, failed: string, ask: () => Promise<unknown>): Promise<boolean> {
  const answer = await attempt(done, failed, async () => {
    await ask();
    return true;
  });
  return answer !== null;
}

export function acknowledge(incident: Incident): Promise<boolean> {
  const name = label(incident);
  return run(`${name} is acknowledged`, `${name} is not acknowledged`, () =>
    unwrap(api.POST("/api/v1/incidents/{id}/acknowledge", { ...params(incident), body: { reason: "" } })),
  );
}

/** To a person; empty for nobody. */
export function assign(incident: Incident, assignee: string): Promise<boolean> {
  const name = label(incident);
  const done = assignee === "" ? `${name} is assigned to nobody` : `${name} is assigned to ${assignee}`;
  return run(done, `${name} is not assigned`, () =>
    unwrap(api.POST("/api/v1/incidents/{id}/assign", { ...params(incident), body: { assignee } })),
  );
}

/** Forces the severity; null gives it back to the diagnosis. */
export function setSeverity(incident: Incident, severity: Severity | null): Promise<boolean> {
  const name = label(incident);
  const done = severity === null ? `The diagnosis decides how severe ${name} is` : `${name} is ${severity} now`;
  return run(done, `The severity of ${name} stays`, () =>
    unwrap(api.PATCH("/api/v1/incidents/{id}", { ...params(incident), body: { severity, reason: "" } })),
  );
}

/** Empty for none. */
export function setTeam(incident: Incident, team: string): Promise<boolean> {
  const name = label(incident);
  const done = team === "" ? `${name} has no team now` : `${name} belongs to ${team}`;
  return run(done, `The team of ${name} stays`, () =>
    unwrap(api.PATCH("/api/v1/incidents/{id}", { ...params(incident), body: { team, reason: "" } })),
  );
}

export function mergeInto(incident: Incident, into: Incident, reason: string): Promise<boolean> {
  const name = label(incident);
  return run(`${name} is merged into ${label(into)}`, `${name} is not merged`, () =>
    unwrap(api.POST("/api/v1/incidents/{id}/merge", { ...params(incident), body: { into: into.id, reason } })),
  );
}

export function markFalseAlarm(incident: Incident, reason: string): Promise<boolean> {
  const name = label(incident);
  return run(`${name} was a false alarm`, `${name} stays open`, () =>
    unwrap(api.POST("/api/v1/incidents/{id}/false-alarm", { ...params(incident), body: { reason } })),
  );
}

export function reopen(incident: Incident, reason: string): Promise<boolean> {
  const name = label(incident);
  return run(`${name} is open again`, `${name} stays resolved`, () =>
    unwrap(api.POST("/api/v1/incidents/{id}/reopen", { ...params(incident), body: { reason } })),
  );
}

export function diagnoseAgain(incident: Incident): Promise<boolean> {
  const name = label(incident);
  return tell(`${name} is being diagnosed again`, `${name} is not diagnosed again`, () =>
    unwrap(api.POST("/api/v1/incidents/{id}/analyze", params(incident))),
  );
}

export function askForPlan(incident: Incident): Promise<boolean> {
  const name = label(incident);
  return tell(`The agent was asked for a plan for ${name}`, `No plan could be asked for`, () =>
    unwrap(api.POST("/api/v1/agent/analyze/{id}", params(incident))),
  );
}

export function remove(incident: Incident): Promise<boolean> {
  const name = label(incident);
  return tell(`${name} is deleted`, `${name} is not deleted`, () =>
    unwrap(api.DELETE("/api/v1/incidents/{id}", params(incident))),
  );
}
