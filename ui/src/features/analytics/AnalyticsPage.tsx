/** Not written yet. */
export default function AnalyticsPage() {
  return null;
}
