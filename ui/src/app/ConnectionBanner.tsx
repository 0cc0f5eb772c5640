import { CloudOff, RefreshCw } from "lucide-react";

import { formatDuration } from "@/lib/format";
import { useLive } from "@/live/store";
import { useLocalClock } from "@/ui/clock";

/** Says when what is shown may be behind, and since when. */
export function ConnectionBanner() {
  const phase = useLive((state) => state.phase);
  const heardAt = useLive((state) => state.heardAt);
  const isFresh = useLive((state) => state.isFresh);
  const age = useLocalClock((now) => (heardAt === null ? null : formatDuration((now - heardAt) / 1000)));
  if (phase === "reconnecting") {
    const since = age === null ? "nothing was received yet" : `last update ${age} ago`;
    return (
      <Strip icon={<RefreshCw size={16} aria-hidden="true" />}>
        Reconnecting, {since}. What you see may be out of date; nothing is lost.
      </Strip>
    );
  }
  if (!isFresh && phase === "live") {
    return (
      <Strip icon={<CloudOff size={16} aria-hidden="true" />}>
        The cluster cannot be followed at the moment. What you see may be out of date.
      </Strip>
    );
  }
  return null;
}

function Strip({ icon, children }: { readonly icon: React.ReactNode; readonly children: React.ReactNode }) {
  return (
    <div
      role="alert"
      data-banner="connection"
      className="flex items-center gap-2 bg-warn-soft px-3 py-2 text-sm font-semibold text-warn sm:px-5"
    >
      {icon}
      <p>{children}</p>
    </div>
  );
}
