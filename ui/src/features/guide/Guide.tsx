/** Not written yet. */
export function Guide() {
  return null;
}
