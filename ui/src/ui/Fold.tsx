import { clsx } from "clsx";
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

interface FoldProps {
  readonly title: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}

/** What only some want to read: folded until its title is pressed. */
export function Fold({ title, children, className }: FoldProps) {
  return (
    <details className={clsx("group", className)}>
      <summary className="flex min-h-7 cursor-pointer list-none flex-wrap items-center gap-x-2 gap-y-1 rounded-sm text-sm font-semibold hover:bg-hover">
        <ChevronRight size={14} aria-hidden="true" className="-mr-1 text-faint group-open:rotate-90" />
        {title}
      </summary>
      <div className="mt-2 pl-4.5">{children}</div>
    </details>
  );
}
