/** Not written yet. */
export function SystemsStrip() {
  return null;
}
