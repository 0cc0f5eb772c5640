import { useState } from "react";
import { useLocation } from "wouter";

import { api, unwrap } from "@/api/client";
import { explain, Problem } from "@/api/problem";
import type { Incident } from "@/api/types";
import { incidentPath } from "@/lib/paths";
import { label } from "@/lib/keys";
import { useSession } from "@/live/session";
import { store } from "@/live/store";
import { announce } from "@/ui/announcer";
import { notify } from "@/ui/toasts";

import { checkDraft, type Draft, EMPTY, type Errors, placeErrors, toBody } from "./draft";

export interface Create {
  readonly draft: Draft;
  readonly errors: Errors;
  /** What is wrong and belongs to no field; empty for nothing. */
  readonly trouble: string;
  readonly isBusy: boolean;
  readonly change: (changes: Partial<Draft>) => void;
  /** Resolves to the name of a field that is wrong, to be led to; null where it was made or no field is to blame. */
  readonly submit: () => Promise<string | null>;
}

/** What is typed, what is wrong with it, and its way to the server. Nothing typed is lost where it is refused. */
export function useCreate(): Create {
  const { namespace } = useSession();
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState(EMPTY);
  const [errors, setErrors] = useState<Errors>({});
  const [trouble, setTrouble] = useState("");
  const [isBusy, setBusy] = useState(false);

  const change = (changes: Partial<Draft>): void => {
    setDraft((before) => ({ ...before, ...changes }));
    // What is being corrected is not blamed any longer.
    setErrors((before) => withoutErrorsOf(before, Object.keys(changes)));
  };

  const blame = (wrong: Errors): string | null => {
    setErrors(wrong);
    return Object.keys(wrong)[0] ?? null;
  };

  const submit = async (): Promise<string | null> => {
    setTrouble("");
    const seen = checkDraft(draft);
    if (Object.keys(seen).length > 0) return blame(seen);
    setBusy(true);
    try {
      const made = await unwrap(api.POST("/api/v1/incidents", { body: toBody(draft, namespace) }));
      store.dispatch({ type: "answer", incident: made });
      const numbered = await withNumber(made);
      const title = `${label(numbered)} was reported`;
      announce(title);
      notify({ tone: "ok", title });
      navigate(incidentPath(numbered));
      return null;
    } catch (error) {
      const problem = Problem.of(error);
      const placed = placeErrors(problem.errors, draft);
      const isPlaced = Object.keys(placed.errors).length > 0;
      setTrouble(isPlaced ? placed.rest.join("; ") : explain(problem));
      return blame(placed.errors);
    } finally {
      setBusy(false);
    }
  };
  return { draft, errors, trouble, isBusy, change, submit };
}

const NUMBER_MS = 3_000;

/** The incident with its number, which the operator gives it a moment later; as it is where that takes too long. */
function withNumber(made: Incident): Promise<Incident> {
  return new Promise((resolve) => {
    const look = (isLast: boolean): void => {
      const known = store.get().incidents.get(made.id) ?? made;
      if (known.number === "" && !isLast) return;
      stop();
      clearTimeout(timer);
      resolve(known);
    };
    const stop = store.subscribe(() => look(false));
    const timer = setTimeout(() => look(true), NUMBER_MS);
    look(false);
  });
}

function withoutErrorsOf(errors: Errors, changed: readonly string[]): Errors {
  const left = Object.entries(errors).filter(
    ([name]) => !changed.includes(name) && !(changed.includes("fields") && name.startsWith("field")),
  );
  return Object.fromEntries(left);
}
