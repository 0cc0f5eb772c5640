/** How far the clock of this machine is from the server's, whose times everything on the board carries. */
import type { Envelope } from "@/api/types";

import type { ServerClock } from "./state";

/** Over how long the smallest delay is looked for: long enough for several heartbeats. */
const WINDOW_MS = 2 * 60 * 1000;
/** Less is as likely the way of a message as a wrong clock, and good clocks are left alone. */
const TOLERATED_MS = 2000;

/**
 * With a message that came at `at` by this machine's clock. Only snapshots and notices carry the time at which they
 * are sent: of all else, what was missed is told later with the time of the change. How far the clocks are
 * apart is best told by the message that was under way for the shortest time: the one with the largest difference.
 */
export function learnTime(known: ServerClock, at: number, { type, ts }: Pick<Envelope, "type" | "ts">): ServerClock {
  if (type !== "snapshot" && type !== "notice") return known;
  const ahead = Date.parse(ts) - at;
  if (Number.isNaN(ahead)) return known;
  // What is no better and older never counts again. A clock that was set back leaves times that are still to come.
  const samples = known.samples.filter((each) => each.ahead > ahead && each.at <= at && each.at >= at - WINDOW_MS);
  samples.push({ at, ahead });
  const largest = samples[0]?.ahead ?? 0;
  return { samples, offset: Math.abs(largest) < TOLERATED_MS ? 0 : largest };
}
