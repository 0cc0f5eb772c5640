import { clsx } from "clsx";
import { type ReactNode, useId } from "react";

interface SectionProps {
  readonly title: string;
  /** Beside the title: a mark, or a button. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A part of the details with a heading of its own, by which screen readers can jump to it. */
export function Section({ title, aside, children, className }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={clsx("min-w-0", className)}>
      <div className="mb-2.5 flex min-h-7 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line pb-1.5">
        <h3 id={id} className="text-sm font-semibold">
          {title}
        </h3>
        {aside !== undefined && <div className="ml-auto flex flex-wrap items-center gap-2">{aside}</div>}
      </div>
      {children}
    </section>
  );
}

/** A name and its value, one pair a line; for use in a `dl`. */
export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="contents">
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}

/** What somebody wrote, under what it is about; nothing where nothing was written. */
export function Paragraph({ title, text }: { readonly title: string; readonly text: string }) {
  if (text === "") return null;
  return (
    <div>
      <h4 className="label mb-0.5">{title}</h4>
      <p className="max-w-2xl text-sm whitespace-pre-line">{text}</p>
    </div>
  );
}
