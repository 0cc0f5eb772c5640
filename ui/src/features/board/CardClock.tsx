import { clsx } from "clsx";

import type { Incident } from "@/api/types";
import { formatAge } from "@/lib/format";
import { describeSla, judgeSla, type SlaState, type SlaTargets } from "@/lib/sla";
import { Elapsed, useClock } from "@/ui/clock";

const LOOK: Record<SlaState, string> = {
  running: "text-muted",
  soon: "text-warn font-semibold",
  breached: "text-danger font-semibold",
  kept: "text-muted",
  missed: "text-danger",
};

/** How long it has been going on, or took; told louder as its SLA runs out. */
export function CardClock({ incident, targets }: { readonly incident: Incident; readonly targets: SlaTargets }) {
  const state = useClock((now) => judgeSla(incident, targets, now)?.state ?? null);
  const allowed = useClock((now) => judgeSla(incident, targets, now)?.allowed ?? null);
  const words = useClock((now) => describeSla(judgeSla(incident, targets, now)));
  const since = incident.timestamps.detected_at ?? incident.created_at;
  if (since === null) return null;
  return (
    <span
      className={clsx("font-mono text-xs whitespace-nowrap", state === null ? "text-muted" : LOOK[state])}
      title={words}
    >
      <Elapsed since={since} until={incident.timestamps.resolved_at} isShort />
      {allowed !== null && incident.status !== "resolved" && (
        <span aria-hidden="true" className="font-normal text-faint">
          {" / "}
          {formatAge(allowed)}
        </span>
      )}
      {(state === "breached" || state === "missed") && " late"}
      <span className="sr-only"> {words}</span>
    </span>
  );
}
