import type { GeneratorStatus } from "@/api/types";
import { formatDuration } from "@/lib/format";

/** What the generator does, or would do, in a line. */
export function describeGenerator(status: GeneratorStatus, now: number): string {
  const { min_interval_seconds: least, max_interval_seconds: most, max_open: open } = status;
  const pace = least === most ? formatDuration(least) : `${formatDuration(least)} to ${formatDuration(most)}`;
  const plan = `One every ${pace}, while fewer than ${open} are open`;
  if (!status.running) return plan;
  const seconds = status.next_at === null ? null : (Date.parse(status.next_at) - now) / 1000;
  if (seconds === null || Number.isNaN(seconds)) return `${plan}. ${status.message}`.trim();
  return seconds > 0 ? `${plan}. The next one in ${formatDuration(seconds)}` : `${plan}. The next one is due`;
}
