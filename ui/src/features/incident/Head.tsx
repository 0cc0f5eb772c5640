import { Link2, RefreshCcw, Repeat2, TriangleAlert } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { Link } from "wouter";

import type { Incident } from "@/api/types";
import { countOf, sentence } from "@/lib/format";
import { incidentPath } from "@/lib/paths";
import { resolvedWord, STATUS_TONE, STATUS_WORD, TYPE_WORD } from "@/lib/words";
import { attempt } from "@/live/actions";
import { useLive } from "@/live/store";
import { Avatar } from "@/ui/Avatar";
import { Badge, SeverityBadge } from "@/ui/Badge";
import { IconButton } from "@/ui/Button";
import { Elapsed, useClock } from "@/ui/clock";

import { ActionBar } from "./ActionBar";
import { freshRefusal } from "./refusal";
import { SlaMark } from "./SlaMark";

/** What it is, how bad, whose, how long; and what can be done about it. */
export function Head({ incident, onGone }: { readonly incident: Incident; readonly onGone: () => void }) {
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-2 text-sm">
        <Marks incident={incident} />
        <Duration incident={incident} />
        <SlaMark incident={incident} />
        <div className="ml-auto flex items-center gap-2">
          <Onlookers incidentId={incident.id} />
          <CopyLink incident={incident} />
        </div>
      </div>
      {incident.description !== "" && (
        <p className="max-w-3xl text-sm whitespace-pre-line text-muted">{incident.description}</p>
      )}
      <Warnings incident={incident} />
      <ActionBar incident={incident} onGone={onGone} />
    </div>
  );
}

function Marks({ incident }: { readonly incident: Incident }) {
  const { severity, status, relapses, occurrences, resolved_reason } = incident;
  return (
    <>
      {severity !== null && <SeverityBadge severity={severity} isForced={incident.severity_forced} />}
      <Badge tone={STATUS_TONE[status]}>{STATUS_WORD[status]}</Badge>
      {resolved_reason !== null && <span className="font-semibold">{resolvedWord(resolved_reason)}</span>}
      <span className="text-muted">{TYPE_WORD[incident.incident_type]}</span>
      {relapses > 0 && (
        <Badge
          tone="alert"
          icon={<RefreshCcw size={12} aria-hidden="true" />}
          title="It came back within two minutes of being resolved"
        >
          {countOf(relapses, "relapse")}
        </Badge>
      )}
      {occurrences > 1 && (
        <Badge
          icon={<Repeat2 size={12} aria-hidden="true" />}
          title="How often a signal was breached, relapses included"
        >
          {occurrences} times
        </Badge>
      )}
    </>
  );
}

function Duration({ incident }: { readonly incident: Incident }) {
  const { breached_at, detected_at, resolved_at } = incident.timestamps;
  const since = breached_at ?? detected_at ?? incident.created_at;
  if (since === null) return null;
  return (
    <span className="text-muted">
      {resolved_at === null ? "for " : "took "}
      <Elapsed since={since} until={resolved_at} className="tabular font-mono font-medium text-ink" />
    </span>
  );
}

/** Who else has the details of this incident open. */
function Onlookers({ incidentId }: { readonly incidentId: string }) {
  const presence = useLive((state) => state.presence);
  const me = useLive((state) => state.me?.connection);
  const others = useMemo(
    () => presence.users.filter(({ id, viewing }) => viewing?.id === incidentId && id !== me),
    [presence, incidentId, me],
  );
  if (others.length === 0) return null;
  return (
    <ul aria-label={`Also looking at it: ${others.length}`} className="flex -space-x-1">
      {others.slice(0, 6).map((visitor) => (
        <li key={visitor.id} className="flex">
          <Avatar visitor={visitor} size="sm" />
        </li>
      ))}
    </ul>
  );
}

function CopyLink({ incident }: { readonly incident: Incident }) {
  const copy = async (): Promise<void> => {
    const url = new URL(incidentPath(incident), location.origin).href;
    await attempt("The link is copied", "The link is not copied", () => navigator.clipboard.writeText(url));
  };
  return (
    <IconButton label="Copy the link" size="sm" onClick={() => void copy()}>
      <Link2 size={16} aria-hidden="true" />
    </IconButton>
  );
}

function Warnings({ incident }: { readonly incident: Incident }) {
  const { escalated, merged_into } = incident;
  const refusal = useClock((now) => freshRefusal(incident, now));
  const isCalled = escalated !== null && incident.status !== "resolved";
  if (!isCalled && merged_into === "" && refusal === null) return null;
  return (
    <div className="flex flex-col gap-2">
      {isCalled && (
        <Warning tone="bg-warn-soft text-warn" title="A person is needed.">
          {sentence(escalated)}
        </Warning>
      )}
      {merged_into !== "" && (
        <Warning tone="bg-info-soft text-info" title="Merged.">
          It goes on in{" "}
          <Link href={`/incidents/${encodeURIComponent(merged_into)}`} className="font-semibold underline">
            {merged_into}
          </Link>
        </Warning>
      )}
      {refusal !== null && (
        <Warning tone="bg-sunken text-muted" title="The latest request was refused.">
          {sentence(refusal)}
        </Warning>
      )}
    </div>
  );
}

interface WarningProps {
  readonly tone: string;
  readonly title: string;
  readonly children: ReactNode;
}

function Warning({ tone, title, children }: WarningProps) {
  return (
    <div role="note" className={`flex items-start gap-2 rounded-md px-3 py-2 text-sm ${tone}`}>
      <TriangleAlert size={16} aria-hidden="true" className="mt-0.5 shrink-0" />
      <p className="min-w-0">
        <strong className="font-semibold">{title}</strong> {children}
      </p>
    </div>
  );
}
