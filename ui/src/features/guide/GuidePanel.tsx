import { clsx } from "clsx";
import { ChevronDown, Compass, X } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
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

/** The guide as it stands in its corner; on a phone, a sheet at the bottom. */
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
      className={clsx(
        "fixed z-20 transition-opacity",
        isOpen ? "inset-x-0 bottom-0 sm:inset-x-auto sm:right-4 sm:bottom-4 sm:w-96" : "right-3 bottom-3",
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
  const { current } = progress;
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
    <div className="arriving flex max-h-[52dvh] flex-col rounded-t-lg border border-line bg-raised shadow-float sm:max-h-[min(40rem,calc(100dvh-6rem))] sm:rounded-lg">
      <header className="flex items-center gap-2 border-b border-line py-1.5 pr-2 pl-4">
        <Compass size={16} aria-hidden="true" className="shrink-0 text-accent" />
        <h2 ref={title} tabIndex={-1} className="min-w-0 flex-1 text-sm font-semibold focus:outline-none">
          Your first drill <Count progress={progress} />
        </h2>
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
            <StepRow key={step} step={step} number={index + 1} progress={progress} />
          ))}
        </ol>
        {progress.isOver && progress.experiment !== null && (
          <Summary experiment={progress.experiment} progress={progress} />
        )}
      </div>
    </div>
  );
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
