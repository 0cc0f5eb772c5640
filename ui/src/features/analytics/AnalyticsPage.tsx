import { useQuery } from "@tanstack/react-query";
import { ChartNoAxesColumn } from "lucide-react";
import { useMemo } from "react";
import { Link, useSearchParams } from "wouter";

import { Problem } from "@/api/problem";
import { boardQuery } from "@/api/queries";
import { useMay } from "@/live/session";
import { Button } from "@/ui/Button";
import { useClock } from "@/ui/clock";
import { Empty, Loading, ProblemNote } from "@/ui/States";

import { type Analysis, analyse } from "./analyse";
import { Download } from "./Download";
import { Figures } from "./Figures";
import { FilterRow } from "./FilterRow";
import { DEFAULTS, readFilters, writeFilters } from "./filters";
import { Frequency } from "./Frequency";
import { SplitBar } from "./SplitBar";
import { Diagnosers, Groups } from "./tables";
import { useThings } from "./useThings";

const MINUTE_MS = 60_000;

/** How fast things are noticed, answered and healed, and who took the time. */
export default function AnalyticsPage() {
  const mayRead = useMay("read_incidents");
  const things = useThings();
  const [params, setParams] = useSearchParams();
  const filters = useMemo(() => readFilters(params), [params]);
  const targets = useQuery(boardQuery).data?.sla ?? null;
  // The next full minute: a range moves on with the time, but not each second.
  const now = useClock((present) => Math.ceil(present / MINUTE_MS) * MINUTE_MS);
  const analysis = useMemo(() => analyse(things, filters, now, targets), [things, filters, now, targets]);

  if (!mayRead) return <ProblemNote problem={FORBIDDEN} />;
  if (!things.isSynced) {
    return (
      <div className="mx-auto w-full max-w-6xl p-4">
        <Loading label="Loading the incidents" lines={6} />
      </div>
    );
  }
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-6 px-3 py-5 sm:px-5">
      <header className="flex flex-col gap-3">
        <div className="flex flex-wrap items-center justify-between gap-2">
          <h1 className="text-xl font-semibold">Analytics</h1>
          <Download cases={analysis.cases} />
        </div>
        <FilterRow
          things={things}
          filters={filters}
          onChange={(changed) => setParams((present) => writeFilters(present, changed), { replace: true })}
        />
      </header>
      {analysis.cases.length === 0 && analysis.graded === 0 ? (
        <Nothing
          isAll={things.incidents.size === 0}
          onWiden={() => setParams((present) => writeFilters(present, { ...DEFAULTS, range: "all", type: null }))}
        />
      ) : (
        <Report analysis={analysis} />
      )}
    </div>
  );
}

const FORBIDDEN = new Problem(
  "forbidden",
  "Not allowed",
  "The figures come from incidents, and you may not list them.",
  403,
);

function Report({ analysis }: { readonly analysis: Analysis }) {
  return (
    <>
      <Figures analysis={analysis} />
      {analysis.split !== null && <SplitBar split={analysis.split} />}
      <Frequency buckets={analysis.frequency} />
      <Groups
        title="By fault"
        name="Fault"
        note="The injected fault; without one, the diagnosed cause."
        groups={analysis.byFault}
      />
      <Groups title="By system" name="System" groups={analysis.bySystem} />
      <Groups title="By team" name="Team" groups={analysis.byTeam} />
      <Diagnosers diagnosers={analysis.diagnosers} />
    </>
  );
}

function Nothing({ isAll, onWiden }: { readonly isAll: boolean; readonly onWiden: () => void }) {
  const icon = <ChartNoAxesColumn size={28} aria-hidden="true" />;
  if (isAll) {
    return (
      <Empty
        icon={icon}
        title="There is nothing to measure yet"
        action={
          <Link href="/?guide=" className="font-semibold text-accent underline">
            Run a first drill with the guide
          </Link>
        }
      >
        Figures come from incidents. A drill makes one within seconds, with all its times known.
      </Empty>
    );
  }
  return (
    <Empty icon={icon} title="No incident matches" action={<Button onClick={onWiden}>Show all</Button>}>
      The range or a filter leaves out all incidents.
    </Empty>
  );
}
