import { clsx } from "clsx";
import { ChevronDown, Compass, ListChecks, X } from "lucide-react";
import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { useRoute } from "wouter";

import { useLive } from "@/live/store";
import { announce } from "@/ui/announcer";
import { IconButton } from "@/ui/Button";

import { noteRead, setMode, useAsks, useFollowed } from "./memory";
import { type Progress, progressOf, STEPS } from "./progress";
import { StepRow } from "./StepRow";
import { Summary } from "./Summary";
import { useStandAside } from "./useStandAside";
import { resultOf, TITLE } from "./words";

/**
 * The guide: where there is room, a column of its own beside the page, which leaves that much free; else a bar at the
 * bottom with the present step only. Minimized, it is a button in the corner.
 */
export default function GuidePanel({ isOpen }: { readonly isOpen: boolean }) {
  const progress = useProgress();
  const frame = useRef<HTMLElement>(null);
  const isAside = useStandAside(frame);
  useReading(progress);
  useTelling(progress);
  return (
    <aside
      ref={frame}
      aria-label="Guide"
      data-guide={isOpen ? "open" : "minimized"}
      className={clsx(
        "fixed z-20 transition-opacity",
        isOpen ? "inset-x-0 bottom-0 lg:inset-y-0 lg:left-auto lg:w-80" : "right-3 bottom-3",
        isAside && "pointer-events-none opacity-0",
      )}
    >
      {isOpen ? <Opened progress={progress} /> : <Collapsed progress={progress} />}
    </aside>
  );
}

function Opened({ progress }: { readonly progress: Progress }) {
  const title = useRef<HTMLHeadingElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const [showsAll, setShowsAll] = useState(false);
  const { current } = progress;
  useKeptFocus(title);
  useEffect(() => {
    // Where there is little room, what is to be done now is what is seen.
    const row = body.current?.querySelector<HTMLElement>("[aria-current=step], [data-summary]");
    if (body.current !== null) body.current.scrollTop = (row?.offsetTop ?? 0) - 12;
  }, [current]);
  const asks = useAsks();
  useEffect(() => {
    if (asks === 0) return;
    // After a dialog that it was asked from has given the focus back.
    const timer = setTimeout(() => title.current?.focus(), 80);
    return () => clearTimeout(timer);
  }, [asks]);
  return (
    <div
      className={clsx(
        "arriving flex flex-col border-t border-line bg-raised max-lg:shadow-float",
        "lg:h-full lg:max-h-none lg:border-t-0 lg:border-l",
        showsAll ? "max-h-[75dvh]" : "max-h-[40dvh]",
      )}
    >
      <header className="flex items-center gap-1 border-b border-line py-1.5 pr-2 pl-4 lg:min-h-12">
        <Compass size={16} aria-hidden="true" className="mr-1 shrink-0 text-accent" />
        <h2 ref={title} tabIndex={-1} className="min-w-0 flex-1 text-sm font-semibold focus:outline-none">
          Your first drill <Count progress={progress} />
        </h2>
        <IconButton
          size="sm"
          label={showsAll ? "Show this step only" : "Show all steps"}
          aria-expanded={showsAll}
          className="lg:hidden"
          onClick={() => setShowsAll(!showsAll)}
        >
          <ListChecks size={16} aria-hidden="true" />
        </IconButton>
        <IconButton size="sm" label="Minimize the guide" onClick={() => setMode("collapsed")}>
          <ChevronDown size={16} aria-hidden="true" />
        </IconButton>
        <IconButton size="sm" label="Close the guide" onClick={close}>
          <X size={16} aria-hidden="true" />
        </IconButton>
      </header>
      <div
        ref={body}
        role="group"
        aria-label="Steps"
        tabIndex={0}
        className="relative min-h-0 overflow-y-auto px-4 pt-3 pb-4"
      >
        <ol className="flex flex-col">
          {STEPS.map((step, index) => (
            <StepRow
              key={step}
              step={step}
              number={index + 1}
              progress={progress}
              isInBar={showsAll || step === (current ?? "grade")}
            />
          ))}
        </ol>
        {progress.isOver && progress.experiment !== null && (
          <Summary experiment={progress.experiment} progress={progress} />
        )}
      </div>
    </div>
  );
}

/** What was pressed here is often gone a moment later: then the title has the focus, and not nothing. */
function useKeptFocus(title: RefObject<HTMLElement | null>): void {
  const last = useRef<Element | null>(null);
  useEffect(() => {
    const note = ({ target }: FocusEvent): void => {
      last.current = target instanceof Element && target.closest("[data-guide]") !== null ? target : null;
    };
    document.addEventListener("focusin", note);
    return () => document.removeEventListener("focusin", note);
  }, []);
  useEffect(() => {
    if (last.current?.isConnected === false && document.activeElement === document.body) title.current?.focus();
  });
}

function Collapsed({ progress }: { readonly progress: Progress }) {
  const { current } = progress;
  return (
    <button
      type="button"
      onClick={() => setMode("open")}
      className="inline-flex min-h-10 items-center gap-2 rounded-full border border-line bg-raised px-4 text-sm font-semibold shadow-float hover:bg-hover"
    >
      <Compass size={16} aria-hidden="true" className="text-accent" />
      <span className="sr-only">Open the guide: </span>
      {current === null ? "Drill over" : TITLE[current]} <Count progress={progress} />
    </button>
  );
}

function Count({ progress }: { readonly progress: Progress }) {
  const behind = STEPS.filter((step) => progress.marks[step] !== "todo").length;
  return (
    <span className="ml-1 font-mono text-xs font-normal text-muted">
      {behind}
      <span aria-hidden="true">/</span>
      <span className="sr-only"> of </span>
      {STEPS.length}
    </span>
  );
}

function close(): void {
  setMode("closed");
  document.getElementById("main")?.focus();
}

function useProgress(): Progress {
  const { name, hasRead } = useFollowed();
  const incidents = useLive((state) => state.incidents);
  const plans = useLive((state) => state.plans);
  const experiments = useLive((state) => state.experiments);
  const systems = useLive((state) => state.systems);
  return useMemo(
    () => progressOf({ incidents, plans, experiments, systems }, name, hasRead),
    [incidents, plans, experiments, systems, name, hasRead],
  );
}

/** Notes when the page of the drill's incident is opened, in whatever way. */
function useReading({ incident }: Progress): void {
  const [isThere, params] = useRoute("/incidents/:id");
  const id = isThere ? params.id : null;
  const isRead = incident !== null && id !== null && [incident.id, incident.name, incident.number].includes(id);
  useEffect(() => {
    if (isRead) noteRead();
  }, [isRead]);
}

/** Says each step aloud once it is behind. */
function useTelling(progress: Progress): void {
  const said = useRef(new Set<string>());
  const isFirst = useRef(true);
  useEffect(() => {
    for (const step of STEPS) {
      if (progress.marks[step] !== "done" && progress.marks[step] !== "failed") continue;
      const key = `${progress.experiment?.id ?? ""}/${step}/${progress.marks[step]}`;
      if (said.current.has(key)) continue;
      said.current.add(key);
      if (!isFirst.current) announce(`Guide: ${TITLE[step]}. ${resultOf(step, progress)}`);
    }
    isFirst.current = false;
  }, [progress]);
}
