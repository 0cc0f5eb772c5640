import { ArrowRightLeft } from "lucide-react";
import { useState } from "react";
import { useQuery } from "@tanstack/react-query";

import { boardQuery } from "@/api/queries";
import type { Incident } from "@/api/types";
import { STATUS_WORD, STATUSES } from "@/lib/words";
import { label } from "@/lib/keys";
import { whyNot } from "@/lib/moves";
import { Menu, MenuItem, MenuLabel } from "@/ui/Menu";

import { requestMove } from "./moving";

/** Every move without a drag: by click, by touch, by key. */
export function MoveMenu({ incident, isDisabled }: { readonly incident: Incident; readonly isDisabled: boolean }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Menu
      isOpen={isOpen}
      onOpenChange={setOpen}
      trigger={
        <button
          type="button"
          data-move
          disabled={isDisabled}
          aria-label={`Move ${label(incident)}`}
          title="Move (m)"
          className="relative z-10 -my-1 -mr-1.5 inline-flex size-7 items-center justify-center rounded-sm text-faint hover:bg-hover hover:text-ink disabled:hidden"
        >
          <ArrowRightLeft size={14} aria-hidden="true" />
        </button>
      }
    >
      {isOpen && <Choices incident={incident} />}
    </Menu>
  );
}

function Choices({ incident }: { readonly incident: Incident }) {
  const moves = useQuery(boardQuery).data?.moves[incident.status];
  return (
    <>
      <MenuLabel>Move {label(incident)} to</MenuLabel>
      {STATUSES.map((status) => {
        const why = whyNot(incident.status, status, moves);
        return (
          <MenuItem
            key={status}
            disabled={why !== null}
            onSelect={() => requestMove(incident, status)}
            {...(why === null ? {} : { hint: why })}
          >
            {STATUS_WORD[status]}
          </MenuItem>
        );
      })}
    </>
  );
}
