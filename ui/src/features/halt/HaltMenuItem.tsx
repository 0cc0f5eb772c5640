import { OctagonX } from "lucide-react";

import { useMay } from "@/live/session";
import { useLive } from "@/live/store";
import { MenuItem } from "@/ui/Menu";
import { useOpenDialog } from "@/ui/useOpenDialog";

import { ALLOW, HALT } from "./dialogs";

/** Opens the dialog that turns the kill switch on, or off while it is on. */
export function HaltMenuItem() {
  const mayHalt = useMay("halt");
  const isOn = useLive((state) => state.killSwitch?.on === true);
  const open = useOpenDialog();
  if (!mayHalt) return null;
  return isOn ? (
    <MenuItem icon={<OctagonX size={16} aria-hidden="true" />} onSelect={() => open(ALLOW)}>
      Allow drills again…
    </MenuItem>
  ) : (
    <MenuItem
      isDanger
      icon={<OctagonX size={16} aria-hidden="true" />}
      hint="Undoes every fault, and blocks new ones"
      onSelect={() => open(HALT)}
    >
      Stop all drills…
    </MenuItem>
  );
}
