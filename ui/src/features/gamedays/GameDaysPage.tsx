import { useQuery } from "@tanstack/react-query";
import { Trophy } from "lucide-react";

import { Problem } from "@/api/problem";
import { gameDaysQuery } from "@/api/queries";
import { Empty, Loading, ProblemNote } from "@/ui/States";

import { inOrder } from "./scoreboard";
import { Suite } from "./Suite";

/** Suites of drills with their scoreboards. */
export default function GameDaysPage() {
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-8 px-3 py-6 sm:px-5">
      <h1 className="text-xl font-semibold">Game days</h1>
      <Suites />
    </div>
  );
}

function Suites() {
  const days = useQuery(gameDaysQuery);
  if (days.data === undefined) {
    return days.error === null ? (
      <Loading label="Loading the game days" lines={5} />
    ) : (
      <ProblemNote problem={Problem.of(days.error)} onRetry={() => void days.refetch()} />
    );
  }
  if (days.data.length === 0) return <None />;
  return inOrder(days.data).map((day) => <Suite key={day.id} day={day} />);
}

function None() {
  return (
    <Empty icon={<Trophy size={28} aria-hidden="true" />} title="There is no game day yet">
      A game day runs several drills one after the other and keeps the score. Write one down as a GameDay and create it
      with <code>kubectl apply -f FILE</code>; <code>kubectl explain gameday.spec</code> says what it takes.
    </Empty>
  );
}
