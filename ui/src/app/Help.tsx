import { type Ability, useSession } from "@/live/session";
import { Dialog } from "@/ui/Dialog";
import { useDialogParam } from "@/ui/useDialogParam";

/** A key, what it does, and the right that it takes. */
const KEYS: readonly (readonly [key: string, meaning: string, right?: Ability])[] = [
  ["j, k", "next and previous card"],
  ["h, l", "the column to the left, to the right"],
  ["Enter", "open the card"],
  ["m", "move the card to another column", "edit_incidents"],
  ["a", "decide on its plan"],
  ["c", "acknowledge it", "edit_incidents"],
  ["n", "new incident", "create_incidents"],
  ["/", "search the board"],
  ["Ctrl K, ⌘ K", "search everything: incidents, pages, commands"],
  ["?", "this help"],
  ["Esc", "close, or leave the field"],
];

/** Every key in one place. */
export function Help() {
  const [isOpen, close] = useDialogParam("help");
  const { may } = useSession();
  const offered = KEYS.filter(([, , right]) => right === undefined || may[right] === true);
  return (
    <Dialog
      isOpen={isOpen}
      onClose={close}
      title="Keys"
      description="They work while no field has the focus."
      size="sm"
    >
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 text-sm">
        {offered.map(([key, meaning]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="rounded-sm border border-line bg-sunken px-1.5 py-0.5">{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
