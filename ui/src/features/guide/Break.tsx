import { useQuery } from "@tanstack/react-query";
import { Zap } from "lucide-react";
import { useMemo } from "react";

import { Problem } from "@/api/problem";
import { scenariosQuery } from "@/api/queries";
import type { Experiment, Scenario } from "@/api/types";
import { formatDuration, sentence } from "@/lib/format";
import { startDrill } from "@/live/drills";
import { useMay, useSession } from "@/live/session";
import { useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Menu, MenuItem } from "@/ui/Menu";
import { Loading, ProblemNote } from "@/ui/States";
import { useBusy } from "@/ui/useBusy";

import { follow, useFollowed } from "./memory";
import { type Progress, runningDrill } from "./progress";
import { ACTION, Lines } from "./Lines";

const FIRST = "redis-memory";

/** The first step: begins a drill, or follows one that runs already. */
export function Break({ progress }: { readonly progress: Progress }) {
  const { name } = useFollowed();
  const { experiment } = progress;
  const mayApprove = useMay("approve_plans");
  if (experiment !== null) return <Begun experiment={experiment} />;
  if (name !== null) return <Awaited name={name} />;
  return (
    <Lines>
      <p>
        A drill breaks a test system for real. Everything after that happens by itself, except for one decision:{" "}
        {mayApprove ? "yours" : "somebody who may has to approve the plan"}.
      </p>
      <Starter />
    </Lines>
  );
}

/** It was asked for, and has no effect yet, or never will. */
function Begun({ experiment }: { readonly experiment: Experiment }) {
  if (experiment.status === "pending" || experiment.status === "injecting") {
    return (
      <Lines>
        <p>
          {sentence(experiment.message) ||
            "The fault is being injected, with a record of how to undo it written first."}
        </p>
      </Lines>
    );
  }
  return (
    <Lines>
      <p>{sentence(experiment.message) || "It ended before the fault took effect."}</p>
      <Starter />
    </Lines>
  );
}

/** Not told by the stream yet; or deleted meanwhile. */
function Awaited({ name }: { readonly name: string }) {
  return (
    <Lines>
      <p>
        Waiting for <code>{name}</code> to appear. If it was deleted meanwhile, it never will.
      </p>
      <Button size="sm" className={ACTION} onClick={() => follow(null)}>
        Start over
      </Button>
    </Lines>
  );
}

/** The button, or why there is none. */
function Starter() {
  const session = useSession();
  const mayRun = useMay("run_experiments");
  const experiments = useLive((state) => state.experiments);
  const killSwitch = useLive((state) => state.killSwitch);
  const running = useMemo(() => runningDrill(experiments, session.namespace), [experiments, session.namespace]);
  if (running !== null) return <FollowRunning experiment={running} />;
  if (killSwitch?.on === true) {
    return (
      <p className="text-warn">
        All drills are stopped{killSwitch.by === "" ? "" : ` by ${killSwitch.by}`}
        {killSwitch.reason === "" ? "" : `: ${killSwitch.reason}`}. One can begin once the kill switch is off.
      </p>
    );
  }
  if (!mayRun) {
    return (
      <p>
        You are signed in as <strong>{session.user}</strong>, who may look but not break anything. The guide follows
        along as soon as somebody else begins a drill.
      </p>
    );
  }
  return <Buttons />;
}

function FollowRunning({ experiment }: { readonly experiment: Experiment }) {
  return (
    <>
      <p>
        <code>{experiment.name}</code> is running already. One fault at a time is easier to follow.
      </p>
      <Button variant="primary" size="sm" className={ACTION} onClick={() => follow(experiment.name)}>
        Follow it
      </Button>
    </>
  );
}

function Buttons() {
  const scenarios = useQuery(scenariosQuery);
  if (scenarios.error !== null) {
    return <ProblemNote problem={Problem.of(scenarios.error)} onRetry={() => void scenarios.refetch()} />;
  }
  if (scenarios.data === undefined) return <Loading label="Loading the drills" lines={2} />;
  const first = scenarios.data.find(({ name }) => name === FIRST) ?? scenarios.data[0];
  if (first === undefined) return <p>The catalogue has no drill.</p>;
  return (
    <>
      <p>
        {first.summary} Whatever happens, it is undone after {formatDuration(first.duration_seconds)} at the latest.
      </p>
      <Choices first={first} others={scenarios.data.filter((each) => each !== first)} />
    </>
  );
}

function Choices({ first, others }: { readonly first: Scenario; readonly others: readonly Scenario[] }) {
  const [isBusy, busy] = useBusy();
  const run = async (scenario: Scenario): Promise<void> => {
    const made = await busy(() => startDrill(scenario));
    if (made !== null) follow(made.name);
  };
  return (
    <div className={`${ACTION} flex flex-wrap gap-2`}>
      <Button
        variant="primary"
        size="sm"
        isBusy={isBusy}
        icon={<Zap size={14} aria-hidden="true" />}
        onClick={() => void run(first)}
      >
        {first.name === FIRST ? "Break Redis" : `Run ${first.title}`}
      </Button>
      <Menu
        align="start"
        trigger={
          <Button size="sm" variant="ghost" disabled={isBusy}>
            Something else
          </Button>
        }
      >
        {others.map((each) => (
          <MenuItem key={each.name} hint={each.summary} onSelect={() => void run(each)}>
            {each.title}
          </MenuItem>
        ))}
      </Menu>
    </div>
  );
}
