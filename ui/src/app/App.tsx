import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";

import { Problem } from "@/api/problem";
import { sessionQuery } from "@/api/queries";
import { BoardPage } from "@/features/board/BoardPage";
import { useLive } from "@/live/store";
import { ErrorBoundary } from "@/ui/ErrorBoundary";
import { Empty, Loading, ProblemNote } from "@/ui/States";
import { Toasts } from "@/ui/toasts";

import { Shell } from "./Shell";
import { SignIn } from "./SignIn";

const Analytics = lazy(() => import("@/features/analytics/AnalyticsPage"));
const Experiments = lazy(() => import("@/features/experiments/ExperimentsPage"));
const GameDays = lazy(() => import("@/features/gamedays/GameDaysPage"));
const Details = lazy(() => import("@/features/incident/IncidentDialog"));

export function App() {
  const session = useQuery(sessionQuery);
  const isSignedOut = useLive((state) => state.phase === "signed-out");
  return (
    <>
      <Signed session={session} isSignedOut={isSignedOut} />
      <Toasts />
    </>
  );
}

function Signed({ session, isSignedOut }: SignedProps) {
  if (session.error !== null && session.data === undefined) {
    const problem = Problem.of(session.error);
    if (problem.status === 401) return <SignIn why={problem.code === "not-signed-in" ? null : problem.message} />;
    return <ProblemNote problem={problem} onRetry={() => void session.refetch()} />;
  }
  if (session.data === undefined) {
    return (
      <main className="mx-auto max-w-xl p-6">
        <Loading label="Signing in" />
      </main>
    );
  }
  if (isSignedOut) return <SignIn why="Your session ended. What you see after signing in again is up to date." />;
  return (
    <Shell session={session.data}>
      <Suspense fallback={<Loading label="Loading the page" lines={5} />}>
        <Pages />
      </Suspense>
    </Shell>
  );
}

interface SignedProps {
  readonly session: ReturnType<typeof useQuery<Awaited<ReturnType<NonNullable<typeof sessionQuery.queryFn>>>>>;
  readonly isSignedOut: boolean;
}

/** Details lie over the board, with an address of their own. */
function Pages() {
  return (
    <Switch>
      <Route path="/analytics">
        <ErrorBoundary part="Analytics">
          <Analytics />
        </ErrorBoundary>
      </Route>
      <Route path="/experiments/:name?">
        <ErrorBoundary part="The experiments">
          <Experiments />
        </ErrorBoundary>
      </Route>
      <Route path="/game-days">
        <ErrorBoundary part="The game days">
          <GameDays />
        </ErrorBoundary>
      </Route>
      <Route path="/incidents/:id">
        {({ id }) => (
          <>
            <BoardPage />
            <ErrorBoundary part="The incident">
              <Details id={id} />
            </ErrorBoundary>
          </>
        )}
      </Route>
      <Route path="/">
        <BoardPage />
      </Route>
      <Route>
        <Empty title="There is no such page">The board is at the start: follow the name at the top left.</Empty>
      </Route>
    </Switch>
  );
}
