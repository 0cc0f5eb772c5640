/** What stands where there is nothing to show: each says why, and what to do. */
import { CircleAlert, Lock } from "lucide-react";
import type { ReactNode } from "react";

import type { Problem } from "@/api/problem";

import { Button } from "./Button";

interface EmptyProps {
  readonly icon?: ReactNode;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-10 text-center">
      {icon !== undefined && <div className="text-faint">{icon}</div>}
      <p className="font-semibold">{title}</p>
      {children !== undefined && <div className="max-w-md text-sm text-muted">{children}</div>}
      {action}
    </div>
  );
}

/** Grey lines in the place of what comes. */
export function Loading({ label, lines = 3 }: { readonly label: string; readonly lines?: number }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-3 py-2">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className="skeleton h-4" style={{ width: `${92 - index * 17}%` }} />
      ))}
    </div>
  );
}

interface ProblemNoteProps {
  readonly problem: Problem;
  readonly onRetry?: () => void;
}

/** Why something cannot be shown: forbidden, or an error that may pass. */
export function ProblemNote({ problem, onRetry }: ProblemNoteProps) {
  if (problem.status === 403) {
    return (
      <Empty icon={<Lock size={28} aria-hidden="true" />} title="You may not see this">
        {problem.message}
      </Empty>
    );
  }
  return (
    <Empty
      icon={<CircleAlert size={28} aria-hidden="true" />}
      title={problem.title}
      action={onRetry !== undefined && <Button onClick={onRetry}>Try again</Button>}
    >
      {problem.message}
    </Empty>
  );
}
