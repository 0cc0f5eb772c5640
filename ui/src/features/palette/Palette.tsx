/** Not written yet. */
export function Palette() {
  return null;
}
