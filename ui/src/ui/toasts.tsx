/** Short messages in a corner: what was done, with a way back, or what was refused and why. */
import { clsx } from "clsx";
import { CircleAlert, CircleCheck, Info, Undo2, X } from "lucide-react";
import { useSyncExternalStore } from "react";

import { Button, IconButton } from "./Button";
import { restoreFocus } from "./focusTrail";

interface Toast {
  readonly tone: "ok" | "info" | "danger";
  readonly title: string;
  readonly detail?: string;
  /** Takes it back. */
  readonly undo?: () => void;
}

interface Shown extends Toast {
  readonly id: number;
}

const SHOWN_MS = 7_000;
const MOST = 4;
let shown: readonly Shown[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function change(next: readonly Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

/** Refusals stay until they are closed: they are to be read, and acted on. Gives what takes the message away. */
export function notify(toast: Toast): () => void {
  lastId += 1;
  const id = lastId;
  change([...shown, { ...toast, id }].slice(-MOST));
  if (toast.tone !== "danger") setTimeout(() => dismiss(id), SHOWN_MS);
  return () => dismiss(id);
}

function dismiss(id: number): void {
  change(shown.filter((toast) => toast.id !== id));
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
};

const ICON = { ok: CircleCheck, info: Info, danger: CircleAlert };
const COLOR = { ok: "text-ok", info: "text-info", danger: "text-danger" };

export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, () => shown);
  return (
    <section
      data-toasts
      aria-label="Messages"
      className="pointer-events-none fixed inset-x-3 bottom-3 z-[60] sm:left-auto sm:w-96"
    >
      <ol className="flex flex-col items-end gap-2">
        {toasts.map((toast) => (
          <Row key={toast.id} toast={toast} />
        ))}
      </ol>
    </section>
  );
}

function Row({ toast }: { readonly toast: Shown }) {
  const Icon = ICON[toast.tone];
  const { undo } = toast;
  return (
    <li className="arriving pointer-events-auto flex w-full items-start gap-2.5 rounded-md border border-line bg-raised p-3 text-sm shadow-float">
      <Icon size={18} aria-hidden="true" className={clsx("mt-0.5 shrink-0", COLOR[toast.tone])} />
      <div className="min-w-0 flex-1">
        <p className="font-semibold">{toast.title}</p>
        {toast.detail !== undefined && <p className="text-muted">{toast.detail}</p>}
      </div>
      {undo !== undefined && (
        <Button
          size="sm"
          icon={<Undo2 size={14} aria-hidden="true" />}
          onClick={() => {
            dismiss(toast.id);
            requestAnimationFrame(restoreFocus); // the button is gone then
            undo();
          }}
        >
          Undo
        </Button>
      )}
      <IconButton size="sm" label="Dismiss" onClick={() => dismiss(toast.id)}>
        <X size={14} aria-hidden="true" />
      </IconButton>
    </li>
  );
}
