/** Not written yet. */
export function BoardPage() {
  return <p>The board</p>;
}
