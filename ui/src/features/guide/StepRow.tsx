import { clsx } from "clsx";
import { Check, Minus, X } from "lucide-react";

import { Break } from "./Break";
import { ApproveBody, GradeBody, HealBody, NoticeBody, ReadBody } from "./bodies";
import type { Mark, Progress, Step } from "./progress";
import { resultOf, TITLE } from "./words";

interface StepRowProps {
  readonly step: Step;
  readonly number: number;
  readonly progress: Progress;
  /** Also shown where there is only room for a bar. */
  readonly isInBar: boolean;
}

/** One step: what it came to, or what is to be done where it is the present one. */
export function StepRow({ step, number, progress, isInBar }: StepRowProps) {
  const mark = progress.marks[step];
  const isCurrent = progress.current === step;
  const result = resultOf(step, progress);
  return (
    <li
      aria-current={isCurrent ? "step" : undefined}
      className={clsx("gap-3 py-1.5", isInBar ? "flex" : "hidden lg:flex")}
    >
      <Disc mark={mark} number={number} isCurrent={isCurrent} />
      <div className="min-w-0 flex-1">
        <p className={clsx("text-sm", isCurrent ? "font-semibold" : mark === "todo" ? "text-faint" : "text-ink")}>
          {TITLE[step]}
          <span className="sr-only">{SPOKEN[mark]}</span>
        </p>
        {result !== "" && <p className="text-xs text-muted">{result}</p>}
        {isCurrent && <Body step={step} progress={progress} />}
      </div>
    </li>
  );
}

const SPOKEN: Record<Mark, string> = { todo: "", done: ", done", skipped: ", left out", failed: ", did not succeed" };
const DISC: Record<Mark, string> = {
  todo: "border-edge text-muted",
  done: "border-transparent bg-ok-soft text-ok",
  skipped: "border-transparent bg-sunken text-muted",
  failed: "border-transparent bg-danger-soft text-danger",
};

function Disc({
  mark,
  number,
  isCurrent,
}: {
  readonly mark: Mark;
  readonly number: number;
  readonly isCurrent: boolean;
}) {
  const now = isCurrent && mark === "todo" ? "border-accent bg-accent text-on-accent" : DISC[mark];
  return (
    <span
      aria-hidden="true"
      className={clsx("flex size-5 shrink-0 items-center justify-center rounded-full border font-mono text-xs", now)}
    >
      {mark === "done" && <Check size={12} strokeWidth={3} />}
      {mark === "skipped" && <Minus size={12} strokeWidth={3} />}
      {mark === "failed" && <X size={12} strokeWidth={3} />}
      {mark === "todo" && number}
    </span>
  );
}

function Body({ step, progress }: { readonly step: Step; readonly progress: Progress }) {
  switch (step) {
    case "break":
      return <Break progress={progress} />;
    case "notice":
      return <NoticeBody progress={progress} />;
    case "read":
      return <ReadBody progress={progress} />;
    case "approve":
      return <ApproveBody progress={progress} />;
    case "heal":
      return <HealBody progress={progress} />;
    case "grade":
      return <GradeBody progress={progress} />;
  }
}
