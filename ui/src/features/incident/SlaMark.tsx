import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import { Timer } from "lucide-react";

import { boardQuery } from "@/api/queries";
import type { Incident } from "@/api/types";
import { describeSla, judgeSla } from "@/lib/sla";
import { useClock } from "@/ui/clock";
import { SLA_LOOK } from "@/ui/tone";

/** Until when it is to be acknowledged or resolved; nothing where its severity has no such time. */
export function SlaMark({ incident }: { readonly incident: Incident }) {
  const targets = useQuery(boardQuery).data?.sla ?? {};
  const state = useClock((now) => judgeSla(incident, targets, now)?.state ?? null);
  const words = useClock((now) => describeSla(judgeSla(incident, targets, now)));
  if (state === null) return null;
  return (
    <span className={clsx("inline-flex items-center gap-1", SLA_LOOK[state])}>
      <Timer size={14} aria-hidden="true" />
      {words}
    </span>
  );
}
