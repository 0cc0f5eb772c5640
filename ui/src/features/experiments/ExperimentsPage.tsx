/** Not written yet. */
export default function ExperimentsPage() {
  return null;
}
