import { type ReactNode, useId } from "react";

interface SectionProps {
  readonly title: string;
  readonly note?: string;
  readonly children: ReactNode;
}

/** A part of the page with its heading. */
export function Section({ title, note, children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex flex-col gap-3">
      <div>
        <h2 id={id} className="text-base font-semibold">
          {title}
        </h2>
        {note !== undefined && <p className="text-xs text-muted">{note}</p>}
      </div>
      <div>{children}</div>
    </section>
  );
}
