/** Not written yet. */
export function CreateDialog() {
  return null;
}
