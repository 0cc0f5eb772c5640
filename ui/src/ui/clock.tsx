/** What depends on the time that passes. One timer for the page; a text renders again only when it changes. */
import { useSyncExternalStore } from "react";

import { formatAge, formatDateTime, formatDuration } from "@/lib/format";
import { serverNow } from "@/live/store";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

type Shown = string | number | boolean | null;

/** Whatever `read` makes of the server's present time, in milliseconds since 1970, followed as it changes. */
export function useClock<T extends Shown>(read: (now: number) => T): T {
  return useSyncExternalStore(subscribe, () => read(serverNow()));
}

/** The same by this machine's own clock: for what happened here. */
export function useLocalClock<T extends Shown>(read: (now: number) => T): T {
  return useSyncExternalStore(subscribe, () => read(Date.now()));
}

/** The server's present second, in milliseconds since 1970. */
export function useNow(): number {
  return useClock((now) => Math.floor(now / 1000) * 1000);
}

interface ElapsedProps {
  /** ISO time. */
  readonly since: string;
  /** ISO time at which it ended; null while it goes on. */
  readonly until?: string | null;
  /** One unit, for cards. */
  readonly isShort?: boolean;
  readonly className?: string;
}

/** How long something has been going on, or went on. */
export function Elapsed({ since, until = null, isShort = false, className }: ElapsedProps) {
  const text = useClock((now) => {
    const seconds = ((until === null ? now : Date.parse(until)) - Date.parse(since)) / 1000;
    return isShort ? formatAge(seconds) : formatDuration(seconds);
  });
  return (
    <time dateTime={since} title={formatDateTime(since)} className={className}>
      {text}
    </time>
  );
}

/** "4 min ago". */
export function Ago({ at, className }: { readonly at: string; readonly className?: string }) {
  const text = useClock((now) => `${formatAge((now - Date.parse(at)) / 1000)} ago`);
  return (
    <time dateTime={at} title={formatDateTime(at)} className={className}>
      {text}
    </time>
  );
}

/** How long until then; "now" once it is there. */
export function Remaining({ until, className }: { readonly until: string; readonly className?: string }) {
  const text = useClock((now) => {
    const seconds = (Date.parse(until) - now) / 1000;
    return seconds <= 0 ? "now" : formatDuration(seconds);
  });
  return <span className={className}>{text}</span>;
}
