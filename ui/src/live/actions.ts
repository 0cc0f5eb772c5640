/** What people do to incidents and plans from more than one place. Each shows at once, and says when it is refused. */
import { api, unwrapAnswer } from "@/api/client";
import { explain, Problem } from "@/api/problem";
import type { Incident, IncidentStatus } from "@/api/types";
import { label } from "@/lib/keys";
import { STATUS_WORD } from "@/lib/words";
import { announce } from "@/ui/announcer";
import { notify } from "@/ui/toasts";

import { store } from "./store";

const ANSWER_MS = 15_000;
const DOUBT_MS = 120_000;

/** What became of a move. `needs-reason`: its system is unhealthy, and the operator wants to know why it is over. */
type MoveOutcome = "moved" | "needs-reason" | "refused";

/** Moves an incident by its id, shown at once and taken back with the server's reason where it is refused. */
export async function moveIncident(incident: Incident, to: IncidentStatus, reason = ""): Promise<MoveOutcome> {
  const from = incident.status;
  if (from === to) return "moved";
  store.dispatch({ type: "move.begin", id: incident.id, to });
  try {
    const answer = await unwrapAnswer(
      api.PATCH("/api/v1/incidents/{id}/status", {
        params: { path: { id: incident.id } },
        body: { status: to, reason },
      }),
    );
    store.dispatch({ type: "answer", incident: answer.data });
    if (answer.status === 202) await answered(incident.id, to);
    const done = `${label(incident)} is in ${STATUS_WORD[to]}`;
    announce(done);
    notify({ tone: "ok", title: done, undo: () => void undoMove(incident.id, from) });
    return "moved";
  } catch (error) {
    const problem = Problem.of(error);
    if (problem.reason === "ReasonNeeded") return "needs-reason";
    if (problem.isUnknown) doubt(incident, to);
    else refuse(`${label(incident)} stays in ${STATUS_WORD[from]}`, problem);
    return "refused";
  } finally {
    store.dispatch({ type: "move.end", id: incident.id });
  }
}

/** The answer was lost: the card stands where the stream tells, and the doubt ends when that is where it was moved to. */
function doubt(incident: Incident, to: IncidentStatus): void {
  const title = `It is not known whether ${label(incident)} moved`;
  const detail =
    "The cluster did not answer in time. The card stands where it is as far as is known; move it again if need be.";
  announce(`${title}. ${detail}`);
  const dismiss = notify({ tone: "danger", title, detail });
  void answered(incident.id, to, DOUBT_MS).then((isThere) => {
    if (isThere) dismiss();
  });
}

async function undoMove(id: string, to: IncidentStatus): Promise<void> {
  const incident = store.get().incidents.get(id);
  if (incident !== undefined) await moveIncident(incident, to, "undone");
}

/** True once the stream shows the move, or that the incident is gone; false after a while without. */
function answered(id: string, to: IncidentStatus, patience = ANSWER_MS): Promise<boolean> {
  return new Promise((resolve) => {
    const look = (): void => {
      const incident = store.get().incidents.get(id);
      if (incident === undefined || incident.status === to) end(true);
    };
    const end = (isThere: boolean): void => {
      stop();
      clearTimeout(timer);
      resolve(isThere);
    };
    const stop = store.subscribe(look);
    const timer = setTimeout(() => end(false), patience);
    look();
  });
}

/** Runs what a person asked for, and tells how it went. Gives the result, or null where it was refused. */
export async function attempt<T>(done: string | null, failed: string, act: () => Promise<T>): Promise<T | null> {
  try {
    const result = await act();
    if (done !== null) {
      announce(done);
      notify({ tone: "ok", title: done });
    }
    return result;
  } catch (error) {
    refuse(failed, Problem.of(error));
    return null;
  }
}

function refuse(title: string, problem: Problem): void {
  announce(`${title}: ${explain(problem)}`);
  notify({ tone: "danger", title, detail: explain(problem) });
}
