import { clsx } from "clsx";
import { CornerDownRight, Repeat2, RotateCcw, Siren, UserRound } from "lucide-react";
import { memo, type ReactNode, useEffect, useRef } from "react";
import { draggable } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { navigate } from "wouter/use-browser-location";

import type { Incident, Plan, Visitor } from "@/api/types";
import { incidentPath } from "@/lib/paths";
import type { SlaTargets } from "@/lib/sla";
import { PLAN_TONE, PLAN_WORD, TYPE_WORD } from "@/lib/words";
import { label } from "@/lib/keys";
import { Avatar } from "@/ui/Avatar";
import { Badge, SeverityBadge } from "@/ui/Badge";

import { CardClock } from "./CardClock";
import { MoveMenu } from "./MoveMenu";

interface CardProps {
  readonly incident: Incident;
  /** The latest plan; null while there is none. */
  readonly plan: Plan | null;
  readonly viewers: readonly Visitor[];
  readonly targets: SlaTargets;
  readonly isMoving: boolean;
  readonly mayMove: boolean;
}

export const Card = memo(function Card({ incident, plan, viewers, targets, isMoving, mayMove }: CardProps) {
  const element = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (element.current === null || !mayMove) return undefined;
    return draggable({
      element: element.current,
      // By id, never by place: a filter or a change must not move another card.
      getInitialData: () => ({ incident: incident.id }),
      onDragStart: () => element.current?.setAttribute("data-dragging", ""),
      onDrop: () => element.current?.removeAttribute("data-dragging"),
    });
  }, [incident.id, mayMove]);

  return (
    <li
      ref={element}
      data-card={incident.id}
      className={clsx(
        "group relative flex flex-col gap-1.5 rounded-md border border-line bg-surface p-2.5 text-sm shadow-card",
        // What is out of sight is neither laid out nor painted: a thousand cards cost as much as those in the window.
        "[contain-intrinsic-size:auto_7.5rem] [content-visibility:auto]",
        "hover:border-edge data-[dragging]:opacity-40",
        isMoving && "opacity-70",
        mayMove && "cursor-grab select-none",
      )}
    >
      <div className="flex items-center gap-1.5">
        {incident.severity !== null && (
          <SeverityBadge severity={incident.severity} isForced={incident.severity_forced} />
        )}
        <span className="font-mono text-xs text-muted">{label(incident)}</span>
        {incident.incident_type !== "real_system" && <Badge>{TYPE_WORD[incident.incident_type]}</Badge>}
        <span className="ml-auto">
          <CardClock incident={incident} targets={targets} />
        </span>
        <MoveMenu incident={incident} isDisabled={!mayMove || isMoving} />
      </div>
      <CardLink incident={incident} />
      <Facts incident={incident} />
      <Marks incident={incident} plan={plan} viewers={viewers} />
    </li>
  );
});

/** The title opens the card; its hit area is the whole card, below the menu. What would stand out of the card is cut off. */
function CardLink({ incident }: { readonly incident: Incident }) {
  const path = incidentPath(incident);
  return (
    <a
      href={path}
      data-card-link
      draggable={false}
      className="line-clamp-2 font-semibold after:absolute after:inset-0 after:rounded-md focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        // Read now, not followed: else all cards would render whenever a dialog changes the address.
        navigate(`${path}${location.search}`);
      }}
    >
      {incident.message}
    </a>
  );
}

function Facts({ incident }: { readonly incident: Incident }) {
  const systems = incident.affected_systems.join(", ") || incident.source;
  return (
    <p className="flex flex-wrap items-center gap-x-2 text-xs text-muted">
      {systems !== "" && <span className="font-mono">{systems}</span>}
      {incident.team !== "" && <span>{incident.team}</span>}
      {incident.assignee !== "" && (
        <span className="inline-flex items-center gap-1">
          <UserRound size={12} aria-hidden="true" />
          <span className="sr-only">assigned to</span>
          {incident.assignee}
        </span>
      )}
    </p>
  );
}

function Marks({ incident, plan, viewers }: Pick<CardProps, "incident" | "plan" | "viewers">) {
  const { analysis } = incident;
  const marks: ReactNode[] = [];
  if (incident.escalated !== null && incident.status !== "resolved") {
    marks.push(
      <Badge key="escalated" tone="danger" icon={<Siren size={12} aria-hidden="true" />} title={incident.escalated}>
        Needs a person
      </Badge>,
    );
  }
  if (plan !== null && (incident.status !== "resolved" || plan.status !== "completed")) {
    marks.push(
      <Badge key="plan" tone={PLAN_TONE[plan.status]}>
        {PLAN_WORD[plan.status]}
      </Badge>,
    );
  }
  if (incident.resolved_reason !== null) marks.push(<Resolution key="resolved" incident={incident} />);
  if (incident.relapses > 0) {
    marks.push(
      <Badge key="relapse" tone="alert" icon={<RotateCcw size={12} aria-hidden="true" />}>
        {incident.relapses === 1 ? "Relapsed" : `Relapsed ${incident.relapses} times`}
      </Badge>,
    );
  }
  if (incident.occurrences > 1) {
    marks.push(
      <Badge key="occurrences" icon={<Repeat2 size={12} aria-hidden="true" />} title="Times the breach came">
        ×{incident.occurrences}
      </Badge>,
    );
  }
  if (analysis === null && marks.length === 0 && viewers.length === 0) return null;
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      {marks}
      {analysis !== null && (
        <span className="text-xs text-faint" title="Who diagnosed it, and how sure it is">
          {analysis.diagnosis_provider}{" "}
          {analysis.root_cause.fault_type === null ? (
            "found no cause"
          ) : (
            <span className="font-mono">{analysis.confidence} %</span>
          )}
        </span>
      )}
      <span className="ml-auto flex -space-x-1">
        {viewers.map((visitor) => (
          <Avatar key={visitor.id} visitor={visitor} size="sm" />
        ))}
      </span>
    </div>
  );
}

const REASON_WORD: Record<string, string> = {
  Verified: "Healed and proven",
  SelfRecovered: "Recovered by itself",
  ManualOverride: "Resolved by hand",
  FalseAlarm: "False alarm",
  MergedInto: "Merged",
};

function Resolution({ incident }: { readonly incident: Incident }) {
  const reason = incident.resolved_reason ?? "";
  const tone = reason === "Verified" ? "ok" : "neutral";
  const icon = reason === "MergedInto" ? { icon: <CornerDownRight size={12} aria-hidden="true" /> } : {};
  return (
    <Badge tone={tone} {...icon}>
      {REASON_WORD[reason] ?? reason}
    </Badge>
  );
}
