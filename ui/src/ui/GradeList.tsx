/** A drill's grade at length: each mark with what it says, and how long each part took. */
import { clsx } from "clsx";
import { Check, X } from "lucide-react";

import { formatPrecise } from "@/lib/format";
import type { Mark, Took } from "@/lib/grades";

export function MarkList({ marks }: { readonly marks: readonly Mark[] }) {
  return (
    <ul className="flex flex-col gap-1 text-xs">
      {marks.map(({ name, isRight, said }) => {
        const Icon = isRight ? Check : X;
        return (
          <li key={name} className="flex items-start gap-1.5">
            <Icon
              size={14}
              aria-hidden="true"
              className={clsx("mt-px shrink-0", isRight ? "text-ok" : "text-danger")}
            />
            <p>
              <span className="font-semibold">{name}</span>
              <span className="sr-only">: {isRight ? "yes" : "no"},</span>{" "}
              <span className={isRight ? "text-muted" : "text-danger"}>{said}</span>
            </p>
          </li>
        );
      })}
    </ul>
  );
}

export function TimeList({ times }: { readonly times: readonly Took[] }) {
  return (
    <dl className="grid grid-cols-[1fr_auto] gap-x-3 gap-y-1 text-xs">
      {times.map(({ name, seconds }) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="tabular text-right font-mono">
            {seconds === null ? <span className="font-sans text-faint">unknown</span> : formatPrecise(seconds)}
          </dd>
        </div>
      ))}
    </dl>
  );
}
