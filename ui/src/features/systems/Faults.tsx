import { OctagonX } from "lucide-react";
import { useLayoutEffect, useRef } from "react";

import { api, unwrapAnswer } from "@/api/client";
import type { Experiment } from "@/api/types";
import { EXPERIMENT_WORD, FAULT_WORD } from "@/lib/words";
import { attempt } from "@/live/actions";
import { useMay } from "@/live/session";
import { Button } from "@/ui/Button";
import { Remaining } from "@/ui/clock";
import { useBusy } from "@/ui/useBusy";

/** The faults in progress on a system, each with the time that is left and a way to stop it. */
export function Faults({ running }: { readonly running: readonly Experiment[] }) {
  return (
    <ul className="flex flex-col gap-1">
      {running.map((experiment) => (
        <li key={experiment.id} className="flex min-h-9 items-center gap-3">
          <div className="min-w-0 flex-1">
            <p className="truncate text-sm font-semibold text-alert">{FAULT_WORD[experiment.fault.type]}</p>
            <p className="text-xs text-muted">
              {EXPERIMENT_WORD[experiment.status].toLowerCase()}
              <TimeLeft experiment={experiment} />
            </p>
          </div>
          <Stop experiment={experiment} />
        </li>
      ))}
    </ul>
  );
}

function TimeLeft({ experiment }: { readonly experiment: Experiment }) {
  if (experiment.status !== "active" || experiment.expires_at === null) return null;
  return (
    <>
      , ends by itself in <Remaining until={experiment.expires_at} className="tabular font-mono" />
    </>
  );
}

/** Only what is not being undone already can be stopped. */
function Stop({ experiment }: { readonly experiment: Experiment }) {
  const mayStop = useMay("run_experiments");
  return mayStop && experiment.status !== "recovering" ? <StopButton experiment={experiment} /> : null;
}

function StopButton({ experiment }: { readonly experiment: Experiment }) {
  const [isBusy, busy] = useBusy();
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const own = button.current;
    // It goes while it has the focus of who pressed it: what stays of the system takes that over.
    return () => {
      if (own === null || document.activeElement !== own) return;
      own.closest("[data-system]")?.querySelector<HTMLElement>("[data-break]")?.focus();
    };
  }, []);
  const word = FAULT_WORD[experiment.fault.type];
  const stop = (): Promise<unknown> =>
    attempt(`${word} is being undone`, `${word} was not stopped`, () =>
      unwrapAnswer(api.POST("/api/v1/experiments/{id}/abort", { params: { path: { id: experiment.id } } })),
    );
  return (
    <Button
      ref={button}
      size="sm"
      isBusy={isBusy}
      icon={<OctagonX size={14} aria-hidden="true" />}
      aria-label={`Stop: ${word}`}
      onClick={() => void busy(stop)}
    >
      Stop
    </Button>
  );
}
