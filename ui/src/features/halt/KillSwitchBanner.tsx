/** Not written yet. */
export function KillSwitchBanner() {
  return null;
}
