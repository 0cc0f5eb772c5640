/** Why the latest request about an incident was refused, while that is still news. */
import type { Incident } from "@/api/types";

const NEWS_MS = 120_000;

/** Null once the incident moved on, or two minutes passed. `now` in milliseconds since 1970. */
export function freshRefusal(
  { refused_request: refused, status_history: history }: Pick<Incident, "refused_request" | "status_history">,
  now: number,
): string | null {
  if (refused === null) return null;
  const at = Date.parse(refused.at);
  const moved = history.at(-1);
  if (moved !== undefined && Date.parse(moved.changed_at) >= at) return null;
  return now - at < NEWS_MS ? refused.message : null;
}
