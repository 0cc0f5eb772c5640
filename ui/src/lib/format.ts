/** Numbers and times as people read them. Times come as ISO strings, durations as seconds. */

/** "4 s", "12 min", "3 h 05 min", "2 d 4 h": two units at most, the smaller one only where it matters. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    const rest = whole % 60;
    return minutes < 10 && rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 > 0 ? `${hours} h ${String(minutes % 60).padStart(2, "0")} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 > 0 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** With a tenth below ten seconds, as drills are that fast. */
export function formatPrecise(seconds: number): string {
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : formatDuration(seconds);
}

/** One unit, for cards: "8 s", "12 min", "3 h", "2 d". */
export function formatAge(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86_400)} d`;
}

/** Seconds from one instant to another, or null where one of them is not known or no time. */
export function secondsBetween(from: string | null, to: string | null): number | null {
  const seconds = from === null || to === null ? NaN : (Date.parse(to) - Date.parse(from)) / 1000;
  return Number.isNaN(seconds) ? null : seconds;
}

const own = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
/** The page is in English: names of months and digits of another language, or another direction, would garble it. */
const locale = own.locale.startsWith("en") ? own.locale : "en-GB";
/** What is the reader's own, whatever the language: 12 or 24 hours, as is the zone. */
const hours = own.hourCycle === undefined ? {} : { hourCycle: own.hourCycle };
const clock = new Intl.DateTimeFormat(locale, { ...hours, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dated = new Intl.DateTimeFormat(locale, { ...hours, dateStyle: "medium", timeStyle: "medium" });

/** The time of day in the reader's zone. */
export function formatClock(iso: string): string {
  return clock.format(new Date(iso));
}

/** Date and time in the reader's zone. */
export function formatDateTime(iso: string): string {
  return dated.format(new Date(iso));
}

const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

/** With one decimal at most. */
export function formatNumber(value: number): string {
  return numbers.format(value);
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** "12.4 MiB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 1024 && step < BYTE_UNITS.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${formatNumber(value)} ${BYTE_UNITS[step] ?? "B"}`;
}

/** "3.4 ms", "240 ms", "1.5 s". */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds >= 1000) return `${formatNumber(milliseconds / 1000)} s`;
  return milliseconds < 10 ? `${formatNumber(milliseconds)} ms` : `${formatNumber(Math.round(milliseconds))} ms`;
}

/** "83 %" of a whole that is not 0. */
export function formatShare(part: number, whole: number): string {
  return `${Math.round((part / whole) * 100)} %`;
}

/** "1 incident", "2 incidents". */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** "PostgresConnections" as "Postgres connections". */
export function splitWords(name: string): string {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/_/g, " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1).toLowerCase();
}

/** What the operator says in a line, with a capital and a full stop; empty stays empty. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? "" : "."}`;
}
