/** Not written yet. */
export function HaltMenuItem() {
  return null;
}
