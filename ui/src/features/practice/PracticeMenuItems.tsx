/** Not written yet. */
export function PracticeMenuItems() {
  return null;
}
