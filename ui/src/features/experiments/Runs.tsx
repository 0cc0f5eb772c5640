import { FlaskConical } from "lucide-react";
import { useMemo, useState } from "react";
import { useSearchParams } from "wouter";

import { countOf } from "@/lib/format";
import { keyOf } from "@/lib/keys";
import { RUN_NAME } from "@/lib/paths";
import { EXPERIMENT_WORD, FAULT_WORD } from "@/lib/words";
import { useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { ChoiceField } from "@/ui/Field";
import { Empty, Loading } from "@/ui/States";

import { RunHeadings, RunRow } from "./RunRow";
import { type Filter, listRuns, numbersOf, readFilter } from "./runs";

const PAGE = 50;

/** Every experiment, newest first. */
export function Runs() {
  const isSynced = useLive((state) => state.isSynced);
  const experiments = useLive((state) => state.experiments);
  const [params] = useSearchParams();
  const filter = readFilter(params);
  const { status, fault } = filter;
  const wanted = params.get(RUN_NAME);
  const runs = useMemo(() => listRuns(experiments.values(), { status, fault }), [experiments, status, fault]);
  return (
    <section aria-labelledby="runs" className="flex flex-col gap-2">
      <div className="flex flex-wrap items-end justify-between gap-3">
        <h2 id="runs" className="text-lg font-semibold">
          Runs
        </h2>
        {experiments.size > 0 && <Filters filter={filter} />}
      </div>
      <p role="status" className="sr-only">
        {isSynced ? countOf(runs.length, "experiment") : ""}
      </p>
      {isSynced && wanted !== null && runs.every(({ name }) => name !== wanted) && (
        <p role="note" className="text-sm text-muted">
          There is no run <span className="font-mono">{wanted}</span> here: it may be deleted, or left out by a filter.
        </p>
      )}
      {!isSynced && <Loading label="Loading the experiments" lines={5} />}
      {isSynced && runs.length === 0 && <Nothing isFiltered={experiments.size > 0} />}
      {runs.length > 0 && <List key={`${status ?? ""} ${fault ?? ""}`} runs={runs} wanted={wanted} />}
    </section>
  );
}

function Filters({ filter }: { readonly filter: Filter }) {
  const [, setParams] = useSearchParams();
  const choose = (name: keyof Filter, value: string): void => {
    setParams(
      (present) => {
        if (value === "") present.delete(name);
        else present.set(name, value);
        return present;
      },
      { replace: true },
    );
  };
  return (
    <div className="flex gap-3">
      <ChoiceField
        label="Status"
        value={filter.status ?? ""}
        options={[ANY, ...Object.entries(EXPERIMENT_WORD)]}
        onChoose={(value) => choose("status", value)}
      />
      <ChoiceField
        label="Fault"
        value={filter.fault ?? ""}
        options={[ANY, ...Object.entries(FAULT_WORD)]}
        onChoose={(value) => choose("fault", value)}
      />
    </div>
  );
}

const ANY = ["", "Any"] as const;

interface ListProps {
  readonly runs: ReturnType<typeof listRuns>;
  /** Name of the run that the address leads to; null for none. */
  readonly wanted: string | null;
}

function List({ runs, wanted }: ListProps) {
  const incidents = useLive((state) => state.incidents);
  const numbers = useMemo(() => numbersOf(incidents.values()), [incidents]);
  const [asked, setAsked] = useState(PAGE);
  const shown = Math.max(asked, runs.findIndex(({ name }) => name === wanted) + 1);
  const rest = runs.length - shown;
  return (
    <>
      <RunHeadings />
      <ul className="divide-y divide-line border-y border-line">
        {runs.slice(0, shown).map((run) => {
          const [name] = run.incidents;
          const number = name === undefined ? undefined : numbers.get(keyOf({ namespace: run.namespace, name }));
          const isWanted = run.name === wanted;
          return (
            <RunRow
              key={isWanted ? `${run.id} wanted` : run.id} // one that becomes wanted opens
              run={run}
              number={number ?? run.grade?.incident.number ?? ""}
              isWanted={isWanted}
            />
          );
        })}
      </ul>
      {rest > 0 && (
        <Button className="self-center" onClick={() => setAsked(shown + PAGE)}>
          Show {Math.min(PAGE, rest)} more of {rest}
        </Button>
      )}
    </>
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  const [, setParams] = useSearchParams();
  if (!isFiltered) {
    return (
      <Empty icon={<FlaskConical size={28} aria-hidden="true" />} title="Nothing has been broken yet">
        Run one of the drills above: it breaks a real system, and everything about it is shown and graded here.
      </Empty>
    );
  }
  const clear = (): void => {
    setParams(
      (present) => {
        present.delete("status");
        present.delete("fault");
        return present;
      },
      { replace: true },
    );
  };
  return (
    <Empty title="No experiment matches" action={<Button onClick={clear}>Show all</Button>}>
      The filters leave out all experiments.
    </Empty>
  );
}
