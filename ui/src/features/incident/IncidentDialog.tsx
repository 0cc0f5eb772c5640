/** Not written yet. */
export default function IncidentDialog({ id }: { readonly id: string }) {
  return <p>{id}</p>;
}
