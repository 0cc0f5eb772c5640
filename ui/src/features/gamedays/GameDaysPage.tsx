/** Not written yet. */
export default function GameDaysPage() {
  return null;
}
