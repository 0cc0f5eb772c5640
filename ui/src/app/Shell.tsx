import { useQuery } from "@tanstack/react-query";
import { Activity, ChartNoAxesColumn, FlaskConical, Kanban, Trophy } from "lucide-react";
import { clsx } from "clsx";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation, useRoute } from "wouter";

import { boardQuery, gameDaysQuery } from "@/api/queries";
import type { Session } from "@/api/types";
import { CreateDialog } from "@/features/create/CreateDialog";
import { Guide } from "@/features/guide/Guide";
import { KillSwitchBanner } from "@/features/halt/KillSwitchBanner";
import { Palette } from "@/features/palette/Palette";
import { PracticeDialogs } from "@/features/practice/PracticeDialogs";
import { connection } from "@/live/store";
import { SessionProvider } from "@/live/session";
import { ErrorBoundary } from "@/ui/ErrorBoundary";

import { ConnectionBanner } from "./ConnectionBanner";
import { Help } from "./Help";
import { HeaderActions } from "./HeaderActions";
import { People } from "./People";

interface ShellProps {
  readonly session: Session;
  readonly children: ReactNode;
}

/** What stands around every page: where one is, who else is here, and what concerns everybody. */
export function Shell({ session, children }: ShellProps) {
  useEffect(() => {
    connection.open();
    return () => connection.close();
  }, []);
  return (
    <SessionProvider session={session}>
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:bg-raised focus:p-2"
      >
        Skip to the content
      </a>
      <div className="flex min-h-dvh flex-col">
        <Header session={session} />
        <ConnectionBanner />
        <KillSwitchBanner />
        <main id="main" tabIndex={-1} className="flex min-h-0 flex-1 flex-col focus:outline-none">
          {children}
        </main>
      </div>
      <ErrorBoundary part="The guide">
        <Guide />
      </ErrorBoundary>
      <CreateDialog />
      <PracticeDialogs />
      <Palette />
      <Help />
    </SessionProvider>
  );
}

function Header({ session }: { readonly session: Session }) {
  const title = useQuery(boardQuery).data?.title ?? "Incident simulator";
  const [path] = useLocation();
  useEffect(() => {
    document.title = titleOf(path, title);
  }, [path, title]);
  return (
    <header className="sticky top-0 z-30 flex flex-wrap items-center gap-x-4 border-b border-line bg-surface px-3 sm:px-5">
      <Link href="/" className="flex min-h-12 items-center gap-2 font-semibold">
        <Activity size={20} aria-hidden="true" className="text-accent" />
        <span className="max-w-44 truncate sm:max-w-72">{title}</span>
      </Link>
      <Navigation session={session} />
      <div className="ml-auto flex min-h-12 items-center gap-1.5">
        <People />
        <HeaderActions session={session} />
      </div>
    </header>
  );
}

const PAGES: Record<string, string> = {
  "/": "Board",
  "/experiments": "Experiments",
  "/analytics": "Analytics",
  "/game-days": "Game days",
};

/** What the window is called: where one is, then what this simulator is called. */
function titleOf(path: string, title: string): string {
  const page = path.startsWith("/incidents/") ? path.slice("/incidents/".length) : PAGES[path];
  return `${page ?? "No such page"} · ${title}`;
}

function Navigation({ session }: { readonly session: Session }) {
  const hasGameDays = (useQuery(gameDaysQuery).data?.length ?? 0) > 0;
  const mayReadExperiments = session.may["read_experiments"] === true;
  return (
    <nav aria-label="Pages" className="order-last -mx-1 flex w-full overflow-x-auto sm:order-none sm:w-auto">
      <Tab href="/" icon={<Kanban size={16} aria-hidden="true" />} also="/incidents/:id">
        Board
      </Tab>
      {mayReadExperiments && (
        <Tab href="/experiments" icon={<FlaskConical size={16} aria-hidden="true" />}>
          Experiments
        </Tab>
      )}
      <Tab href="/analytics" icon={<ChartNoAxesColumn size={16} aria-hidden="true" />}>
        Analytics
      </Tab>
      {hasGameDays && (
        <Tab href="/game-days" icon={<Trophy size={16} aria-hidden="true" />}>
          Game days
        </Tab>
      )}
    </nav>
  );
}

interface TabProps {
  readonly href: string;
  readonly icon: ReactNode;
  /** Another path that belongs to it. */
  readonly also?: string;
  readonly children: ReactNode;
}

function Tab({ href, icon, also, children }: TabProps) {
  const [isHere] = useRoute(href);
  const [isAlsoHere] = useRoute(also ?? href);
  const isCurrent = isHere || isAlsoHere;
  return (
    <Link
      href={href}
      aria-current={isCurrent ? "page" : undefined}
      className={clsx(
        "flex min-h-10 shrink-0 items-center gap-1.5 border-b-2 px-2.5 text-sm font-semibold whitespace-nowrap sm:min-h-12",
        isCurrent ? "border-accent text-ink" : "border-transparent text-muted hover:text-ink",
      )}
    >
      {icon}
      {children}
    </Link>
  );
}
