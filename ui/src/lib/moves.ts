import type { IncidentStatus } from "@/api/types";

import { STATUS_WORD } from "./words";

/** Why it cannot be moved there by the operator's table of moves; null where it can, or where the table is not known. */
export function whyNot(
  from: IncidentStatus,
  to: IncidentStatus,
  moves: readonly IncidentStatus[] | undefined,
): string | null {
  if (from === to) return "it is there now";
  return moves === undefined || moves.includes(to) ? null : `not from ${STATUS_WORD[from]}`;
}
