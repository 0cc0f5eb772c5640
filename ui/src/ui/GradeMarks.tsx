import { clsx } from "clsx";
import { Check, X } from "lucide-react";

import { type Mark, sayMarks } from "@/lib/grades";

/** A grade as five small marks; told apart by shape, and said in words. */
export function GradeMarks({ marks }: { readonly marks: readonly Mark[] }) {
  const said = sayMarks(marks);
  return (
    <span role="img" aria-label={said} title={said.replaceAll("; ", "\n")} className="inline-flex gap-0.5">
      {marks.map(({ name, isRight }) => (
        <span
          key={name}
          className={clsx(
            "inline-flex size-4 items-center justify-center rounded-sm",
            isRight ? "bg-ok-soft text-ok" : "bg-danger text-on-danger",
          )}
        >
          {isRight ? <Check size={11} strokeWidth={3} /> : <X size={11} strokeWidth={3} />}
        </span>
      ))}
    </span>
  );
}
