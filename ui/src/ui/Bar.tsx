import { clsx } from "clsx";

import type { Tone } from "@/lib/words";

import { FILL } from "./tone";

/** So much of all as a thin bar. It is for the eye: what stands beside it says the number. */
export function Bar({ share, tone }: { readonly share: number; readonly tone: Tone }) {
  return (
    <div aria-hidden="true" className="h-1.5 w-full overflow-hidden rounded-full bg-sunken">
      <div
        className={clsx("h-full rounded-full transition-[width]", FILL[tone])}
        style={{ width: `${Math.min(1, Math.max(0, share)) * 100}%` }}
      />
    </div>
  );
}
