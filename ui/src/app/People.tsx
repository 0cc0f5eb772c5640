import { useLive } from "@/live/store";
import { Avatar } from "@/ui/Avatar";

const SHOWN = 4;

/** Everybody who has the board open, as animals. */
export function People() {
  const { count, users } = useLive((state) => state.presence);
  const me = useLive((state) => state.me);
  const sorted = [...users].sort((a, b) => Number(b.id === me?.connection) - Number(a.id === me?.connection));
  const more = count - Math.min(SHOWN, sorted.length);
  if (count === 0) return null;
  return (
    <ul aria-label={`Here now: ${count}`} className="mr-1 hidden items-center -space-x-1 md:flex">
      {sorted.slice(0, SHOWN).map((visitor) => (
        <li key={visitor.id} className="flex">
          <Avatar visitor={visitor} isMe={visitor.id === me?.connection} />
        </li>
      ))}
      {more > 0 && <li className="tabular pl-2 text-xs font-semibold text-muted">+{more}</li>}
    </ul>
  );
}
