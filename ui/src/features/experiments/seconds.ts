/** The API takes no longer fault. */
export const LONGEST_SECONDS = 3600;

/** The duration that somebody typed, or null where it is none. */
export function readSeconds(text: string): number | null {
  const trimmed = text.trim();
  if (!/^\d{1,5}$/.test(trimmed)) return null;
  const seconds = Number(trimmed);
  return seconds >= 1 && seconds <= LONGEST_SECONDS ? seconds : null;
}
