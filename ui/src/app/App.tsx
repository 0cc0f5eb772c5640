import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import { Route, Switch } from "wouter";

import { Problem } from "@/api/problem";
import { sessionQuery } from "@/api/queries";
import { BoardPage } from "@/features/board/BoardPage";
import { SystemsStrip } from "@/features/systems/SystemsStrip";
import { useLive } from "@/live/store";
import { ErrorBoundary } from "@/ui/ErrorBoundary";
import { Empty, Loading, ProblemNote } from "@/ui/States";
import { Toasts } from "@/ui/toasts";

import { Shell } from "./Shell";
import { SignIn } from "./SignIn";

const AnalyticsPage = lazy(() => import("@/features/analytics/AnalyticsPage"));
const ExperimentsPage = lazy(() => import("@/features/experiments/ExperimentsPage"));
const GameDaysPage = lazy(() => import("@/features/gamedays/GameDaysPage"));
const IncidentDialog = lazy(() => import("@/features/incident/IncidentDialog"));

export function App() {
  return (
    <>
      <Door />
      <Toasts />
    </>
  );
}

/** Signed in or not. */
function Door() {
  const session = useQuery(sessionQuery);
  const isSignedOut = useLive((state) => state.phase === "signed-out");
  if (isSignedOut) return <SignIn why="Your session ended. Sign in again: nothing that you did was lost." />;
  if (session.data !== undefined) {
    return (
      <Shell session={session.data}>
        <Pages />
      </Shell>
    );
  }
  if (session.error !== null) {
    const problem = Problem.of(session.error);
    if (problem.status === 401) return <SignIn why={problem.code === "not-signed-in" ? null : problem.message} />;
    return <ProblemNote problem={problem} onRetry={() => void session.refetch()} />;
  }
  return (
    <main className="mx-auto max-w-xl p-6">
      <Loading label="Signing in" />
    </main>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/analytics">
        <Page part="The analytics page">
          <AnalyticsPage />
        </Page>
      </Route>
      <Route path="/experiments">
        <Page part="The experiments page">
          <ExperimentsPage />
        </Page>
      </Route>
      <Route path="/game-days">
        <Page part="The game days page">
          <GameDaysPage />
        </Page>
      </Route>
      <Route path="/incidents/:id">
        {({ id }) => (
          <Home>
            <Page part="The incident">
              <IncidentDialog id={id} />
            </Page>
          </Home>
        )}
      </Route>
      <Route path="/">
        <Home />
      </Route>
      <Route>
        <h1 className="sr-only">No such page</h1>
        <Empty title="There is no such page">The name at the top left leads to the board.</Empty>
      </Route>
    </Switch>
  );
}

/** The board; details lie over it, with an address of their own. */
function Home({ children }: { readonly children?: ReactNode }) {
  return (
    <>
      <ErrorBoundary part="The list of systems">
        <SystemsStrip />
      </ErrorBoundary>
      <ErrorBoundary part="The board">
        <BoardPage />
      </ErrorBoundary>
      {children}
    </>
  );
}

/** A heavy page is fetched when it is asked for. */
function Page({ part, children }: { readonly part: string; readonly children: ReactNode }) {
  return (
    <ErrorBoundary part={part}>
      <Suspense fallback={<Loading label="Loading the page" lines={5} />}>{children}</Suspense>
    </ErrorBoundary>
  );
}
