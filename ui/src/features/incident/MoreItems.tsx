import { BellOff, ClipboardList, GitMerge, RotateCcw, Stethoscope, Trash2, Users } from "lucide-react";

import type { Incident } from "@/api/types";
import { SEVERITIES, SEVERITY_WORD } from "@/lib/words";
import { MenuItem, MenuLabel, MenuSeparator } from "@/ui/Menu";

import { askForPlan, diagnoseAgain, setSeverity } from "./actions";
import type { Asked } from "./AskedDialog";

interface MoreItemsProps {
  readonly incident: Incident;
  readonly mayEdit: boolean;
  readonly mayDelete: boolean;
  readonly onAsk: (asked: Asked) => void;
}

export function MoreItems({ incident, mayEdit, mayDelete, onAsk }: MoreItemsProps) {
  return (
    <>
      {mayEdit && (
        <>
          <SeverityItems incident={incident} />
          <MenuSeparator />
          <MenuItem icon={<Users size={16} aria-hidden="true" />} onSelect={() => onAsk({ kind: "team" })}>
            Team…
          </MenuItem>
          <AgentItems incident={incident} />
          <MenuSeparator />
          <EndItems incident={incident} onAsk={onAsk} />
        </>
      )}
      {mayDelete && (
        <MenuItem isDanger icon={<Trash2 size={16} aria-hidden="true" />} onSelect={() => onAsk({ kind: "delete" })}>
          Delete…
        </MenuItem>
      )}
    </>
  );
}

function SeverityItems({ incident }: { readonly incident: Incident }) {
  return (
    <>
      <MenuLabel>Severity</MenuLabel>
      {SEVERITIES.map((severity) => {
        const isSet = incident.severity_forced && severity === incident.severity;
        return (
          <MenuItem key={severity} disabled={isSet} onSelect={() => void setSeverity(incident, severity)}>
            <span className="mr-2 font-mono">{severity}</span>
            {SEVERITY_WORD[severity]}
          </MenuItem>
        );
      })}
      {incident.severity_forced && (
        <MenuItem onSelect={() => void setSeverity(incident, null)}>Leave it to the diagnosis</MenuItem>
      )}
    </>
  );
}

function AgentItems({ incident }: { readonly incident: Incident }) {
  const why = whyNoPlan(incident);
  return (
    <>
      <MenuItem icon={<Stethoscope size={16} aria-hidden="true" />} onSelect={() => void diagnoseAgain(incident)}>
        Diagnose again
      </MenuItem>
      <MenuItem
        icon={<ClipboardList size={16} aria-hidden="true" />}
        disabled={why !== null}
        onSelect={() => void askForPlan(incident)}
        {...(why === null ? {} : { hint: why })}
      >
        Ask for a plan
      </MenuItem>
    </>
  );
}

function whyNoPlan(incident: Incident): string | null {
  if (incident.status === "resolved") return "It is resolved.";
  if (!incident.actionable) return "No plan may act on it: nothing real is behind it.";
  return incident.remediation_mode === "manual" ? "Its mode is manual: people heal it." : null;
}

function EndItems({ incident, onAsk }: Pick<MoreItemsProps, "incident" | "onAsk">) {
  if (incident.status === "resolved") {
    return (
      <MenuItem icon={<RotateCcw size={16} aria-hidden="true" />} onSelect={() => onAsk({ kind: "reopen" })}>
        Reopen…
      </MenuItem>
    );
  }
  return (
    <>
      <MenuItem icon={<GitMerge size={16} aria-hidden="true" />} onSelect={() => onAsk({ kind: "merge" })}>
        Merge into…
      </MenuItem>
      <MenuItem icon={<BellOff size={16} aria-hidden="true" />} onSelect={() => onAsk({ kind: "false-alarm" })}>
        False alarm…
      </MenuItem>
    </>
  );
}
