import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import { Timer } from "lucide-react";

import { boardQuery } from "@/api/queries";
import type { Incident } from "@/api/types";
import { describeSla, judgeSla, type SlaState } from "@/lib/sla";
import { useClock } from "@/ui/clock";

const LOOK: Record<SlaState, string> = {
  running: "text-muted",
  soon: "font-semibold text-warn",
  breached: "font-semibold text-danger",
  kept: "text-muted",
  missed: "text-danger",
};

/** Until when it is to be acknowledged or resolved; nothing where its severity has no such time. */
export function SlaMark({ incident }: { readonly incident: Incident }) {
  const targets = useQuery(boardQuery).data?.sla ?? {};
  const state = useClock((now) => judgeSla(incident, targets, now)?.state ?? null);
  const words = useClock((now) => describeSla(judgeSla(incident, targets, now)));
  if (state === null) return null;
  return (
    <span className={clsx("inline-flex items-center gap-1", LOOK[state])}>
      <Timer size={14} aria-hidden="true" />
      {words}
    </span>
  );
}
