import { Dialog } from "@/ui/Dialog";
import { useDialogParam } from "@/ui/useDialogParam";

const KEYS: readonly (readonly [string, string])[] = [
  ["j, k", "next and previous card"],
  ["h, l", "the column to the left, to the right"],
  ["Enter", "open the card"],
  ["m", "move the card to another column"],
  ["a", "decide on its plan"],
  ["c", "acknowledge it"],
  ["n", "new incident"],
  ["/", "search the board"],
  ["Ctrl K, ⌘ K", "search everything: incidents, pages, commands"],
  ["?", "this help"],
  ["Esc", "close, or leave the field"],
];

/** Every key in one place. */
export function Help() {
  const [isOpen, close] = useDialogParam("help");
  return (
    <Dialog
      isOpen={isOpen}
      onClose={close}
      title="Keys"
      description="They work while no field has the focus."
      size="sm"
    >
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 text-sm">
        {KEYS.map(([key, meaning]) => (
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
