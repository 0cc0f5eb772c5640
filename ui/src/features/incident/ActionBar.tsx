import { useQuery } from "@tanstack/react-query";
import { Check, ChevronDown, Ellipsis, UserRound } from "lucide-react";
import { type SyntheticEvent, useRef, useState } from "react";

import { boardQuery } from "@/api/queries";
import type { Incident, IncidentStatus } from "@/api/types";
import { whyNot } from "@/lib/moves";
import { STATUS_WORD, STATUSES } from "@/lib/words";
import { moveIncident } from "@/live/actions";
import { useMay, useSession } from "@/live/session";
import { Button, IconButton } from "@/ui/Button";
import { Menu, MenuItem, MenuSeparator } from "@/ui/Menu";
import { useBusy } from "@/ui/useBusy";

import { acknowledge, assign } from "./actions";
import { type Asked, AskedDialog } from "./AskedDialog";
import { MoreItems } from "./MoreItems";

/** What whoever is signed in may do to the incident; nothing else is offered. */
export function ActionBar({ incident, onGone }: { readonly incident: Incident; readonly onGone: () => void }) {
  const mayEdit = useMay("edit_incidents");
  const mayDelete = useMay("delete_incidents");
  const [asked, setAsked] = useState<Asked | null>(null);
  const [bar, noteUse, giveFocusBack] = useLastUsed();
  if (!mayEdit && !mayDelete) return null;
  return (
    <div ref={bar} onFocus={noteUse} onPointerDown={noteUse} className="flex flex-wrap items-center gap-2">
      {mayEdit && (
        <>
          <Acknowledge incident={incident} />
          <AssignMenu incident={incident} onAsk={setAsked} />
          <MoveMenu incident={incident} onAsk={setAsked} />
        </>
      )}
      <Menu
        align="start"
        trigger={
          <IconButton label="More actions" variant="secondary">
            <Ellipsis size={16} aria-hidden="true" />
          </IconButton>
        }
      >
        <MoreItems incident={incident} mayEdit={mayEdit} mayDelete={mayDelete} onAsk={setAsked} />
      </Menu>
      {asked !== null && (
        <AskedDialog
          asked={asked}
          incident={incident}
          onClose={() => {
            setAsked(null);
            giveFocusBack();
          }}
          onGone={onGone}
        />
      )}
    </div>
  );
}

/** The button of the bar that was used last: the entry of a menu that a dialog was opened from is gone by then. */
function useLastUsed() {
  const bar = useRef<HTMLDivElement>(null);
  const last = useRef<HTMLButtonElement>(null);
  const note = ({ target }: SyntheticEvent): void => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button !== null && bar.current?.contains(button) === true) last.current = button;
  };
  const giveBack = (): void => {
    setTimeout(() => last.current?.focus()); // once the dialog let go of it
  };
  return [bar, note, giveBack] as const;
}

function Acknowledge({ incident }: { readonly incident: Incident }) {
  const [isBusy, busy] = useBusy();
  if (incident.timestamps.acknowledged_at !== null || incident.status === "resolved") return null;
  return (
    <Button
      icon={<Check size={16} aria-hidden="true" />}
      isBusy={isBusy}
      onClick={() => void busy(() => acknowledge(incident))}
    >
      Acknowledge
    </Button>
  );
}

interface MenuProps {
  readonly incident: Incident;
  readonly onAsk: (asked: Asked) => void;
}

function AssignMenu({ incident, onAsk }: MenuProps) {
  const { user } = useSession();
  return (
    <Menu
      align="start"
      trigger={
        <Button icon={<UserRound size={16} aria-hidden="true" />}>
          Assign
          <ChevronDown size={14} aria-hidden="true" />
        </Button>
      }
    >
      <MenuItem disabled={incident.assignee === user} onSelect={() => void assign(incident, user)}>
        To me ({user})
      </MenuItem>
      <MenuItem onSelect={() => onAsk({ kind: "assign" })}>To somebody else…</MenuItem>
      {incident.assignee !== "" && (
        <>
          <MenuSeparator />
          <MenuItem onSelect={() => void assign(incident, "")}>To nobody</MenuItem>
        </>
      )}
    </Menu>
  );
}

function MoveMenu({ incident, onAsk }: MenuProps) {
  const moves = useQuery(boardQuery).data?.moves[incident.status];
  const move = async (to: IncidentStatus): Promise<void> => {
    if ((await moveIncident(incident, to)) === "needs-reason") onAsk({ kind: "move", to });
  };
  return (
    <Menu
      align="start"
      trigger={
        <Button>
          Move
          <ChevronDown size={14} aria-hidden="true" />
        </Button>
      }
    >
      {STATUSES.map((status) => {
        const why = whyNot(incident.status, status, moves);
        return (
          <MenuItem
            key={status}
            disabled={why !== null}
            onSelect={() => void move(status)}
            {...(why === null ? {} : { hint: why })}
          >
            {STATUS_WORD[status]}
          </MenuItem>
        );
      })}
    </Menu>
  );
}
