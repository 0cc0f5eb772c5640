import { clsx } from "clsx";
import type { ReactNode } from "react";

import type { Severity } from "@/api/types";
import { SEVERITY_WORD, type Tone } from "@/lib/words";

import { SOFT } from "./tone";

interface BadgeProps {
  readonly tone?: Tone;
  readonly icon?: ReactNode;
  readonly title?: string;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A word or two on a soft ground. */
export function Badge({ tone = "neutral", icon, title, children, className }: BadgeProps) {
  return (
    <span
      title={title}
      className={clsx(
        "inline-flex items-center gap-1 rounded-sm px-1.5 py-0.5 text-xs font-semibold whitespace-nowrap",
        SOFT[tone],
        className,
      )}
    >
      {icon}
      {children}
    </span>
  );
}

const SEVERITY_LOOK: Record<Severity, string> = {
  P0: "bg-danger text-on-danger border-danger",
  P1: "bg-alert text-on-alert border-alert",
  P2: "bg-warn-soft text-warn border-warn",
  P3: "bg-transparent text-muted border-edge",
};

/** P0 to P3; told apart by their words and by how heavy they are, not by colour alone. */
export function SeverityBadge({
  severity,
  isForced = false,
}: {
  readonly severity: Severity;
  readonly isForced?: boolean;
}) {
  const title = `${SEVERITY_WORD[severity]}${isForced ? ", set by a person" : ""}`;
  return (
    <span
      title={title}
      className={clsx(
        "inline-flex h-5 items-center rounded-sm border px-1.5 font-mono text-xs font-medium",
        SEVERITY_LOOK[severity],
      )}
    >
      <span aria-hidden="true">
        {severity}
        {isForced && "!"}
      </span>
      <span className="sr-only">{`${severity}, ${title}`}</span>
    </span>
  );
}
