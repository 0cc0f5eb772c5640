import { useState } from "react";

import { api, unwrapAnswer } from "@/api/client";
import { Problem } from "@/api/problem";
import type { Plan } from "@/api/types";
import { announce } from "@/ui/announcer";
import { notify } from "@/ui/toasts";

export interface Refusal {
  readonly of: "approval" | "rejection";
  readonly problem: Problem;
}

export interface Deciding {
  readonly isBusy: boolean;
  /** The latest try, where it was refused. */
  readonly refusal: Refusal | null;
  readonly approve: () => Promise<void>;
  readonly reject: (reason: string) => Promise<void>;
}

/** Sends a decision on the plan that has that hash. A refusal stays in the panel, where it is to be read. */
export function useDeciding(plan: Plan, hash: string, onDone: () => void): Deciding {
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const path = { params: { path: { id: plan.id } } };
  const send = async (word: "approved" | "rejected", ask: () => ReturnType<typeof unwrapAnswer>): Promise<void> => {
    setBusy(true);
    setRefusal(null);
    try {
      const { status } = await ask();
      const title = status === 202 ? `The plan is being ${word}: the operator answers soon` : `The plan is ${word}`;
      announce(title);
      notify({ tone: "ok", title });
      onDone();
    } catch (error) {
      const problem = Problem.of(error);
      announce(`Not ${word}: ${problem.message}`);
      setRefusal({ of: word === "approved" ? "approval" : "rejection", problem });
    } finally {
      setBusy(false);
    }
  };
  return {
    isBusy,
    refusal,
    approve: () =>
      send("approved", () =>
        unwrapAnswer(api.POST("/api/v1/agent/approve/{id}", { ...path, body: { plan_hash: hash } })),
      ),
    reject: (reason) =>
      send("rejected", () =>
        unwrapAnswer(api.POST("/api/v1/agent/reject/{id}", { ...path, body: { plan_hash: hash, reason } })),
      ),
  };
}
