import { Link } from "wouter";

import type { Incident } from "@/api/types";
import { incidentPath } from "@/lib/paths";
import { label } from "@/lib/keys";

interface IncidentLinkProps {
  readonly incident: Pick<Incident, "id" | "number" | "name">;
  /** What is read aloud, if the number alone would not say enough. */
  readonly said?: string;
}

/** An incident's number as the way to its details. */
export function IncidentLink({ incident, said }: IncidentLinkProps) {
  return (
    <Link
      href={incidentPath(incident)}
      aria-label={said}
      className="inline-flex min-h-6 items-center font-mono text-accent underline underline-offset-2 hover:text-accent-hover"
    >
      {label(incident)}
    </Link>
  );
}
