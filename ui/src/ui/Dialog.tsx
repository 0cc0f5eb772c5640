import { clsx } from "clsx";
import { X } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import { type ComponentProps, createContext, type ReactNode, type RefObject, use, useRef, useState } from "react";

import { Button } from "./Button";
import { restoreFocus } from "./focusTrail";

interface DialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly title: ReactNode;
  /** One or two sentences under the title. */
  readonly description?: ReactNode;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
  readonly size?: "sm" | "md" | "xl";
  /** Whether a click beside it closes it; not where words could be lost. */
  readonly closesOutside?: boolean;
  /** Something was typed that would be lost: it asks before it closes, except where its owner closes it. */
  readonly isDirty?: boolean;
  /**
   * What gets the focus first, if neither the button that closes it nor a field with `autoFocus`. A dialog that opens
   * others within itself takes this and not `autoFocus`, which keeps it from being told that it is there.
   */
  readonly initialFocus?: RefObject<HTMLElement | null>;
}

/** Whether the dialog around is there already; without one around there is nothing to wait for. */
const IsParentThere = createContext(true);

const LOOK = clsx(
  "arriving fixed z-50 flex flex-col bg-surface text-ink shadow-float focus:outline-none",
  "inset-0 sm:inset-auto sm:top-1/2 sm:left-1/2 sm:w-[calc(100vw-2rem)] sm:-translate-x-1/2 sm:-translate-y-1/2",
  "sm:max-h-[calc(100dvh-3rem)] sm:rounded-lg sm:border sm:border-line",
);
const WIDTH = { sm: "sm:max-w-md", md: "sm:max-w-xl", xl: "sm:max-w-5xl" } as const;

/** A modal dialog: keeps the focus, gives it back, closes on Escape; on a phone it takes the whole screen. */
export function Dialog({ isDirty = false, onClose, ...rest }: DialogProps) {
  const [isAsking, setAsking] = useState(false);
  const leave = (): void => {
    if (isDirty) setAsking(true);
    else onClose();
  };
  const discard = (): void => {
    setAsking(false);
    onClose();
  };
  return (
    <>
      <Modal {...rest} onClose={leave} />
      {isDirty && <Discard isOpen={rest.isOpen && isAsking} onKeep={() => setAsking(false)} onDiscard={discard} />}
    </>
  );
}

/** A button of the dialog around that closes it as Escape does: what was typed is asked about. */
export function CloseButton(props: ComponentProps<typeof Button>) {
  return (
    <Primitive.Close asChild>
      <Button {...props} />
    </Primitive.Close>
  );
}

interface DiscardProps {
  readonly isOpen: boolean;
  readonly onKeep: () => void;
  readonly onDiscard: () => void;
}

function Discard({ isOpen, onKeep, onDiscard }: DiscardProps) {
  const keep = useRef<HTMLButtonElement>(null);
  return (
    <Modal
      isOpen={isOpen}
      onClose={onKeep}
      size="sm"
      initialFocus={keep}
      title="Throw away what you typed?"
      footer={
        <>
          <Button ref={keep} variant="primary" onClick={onKeep}>
            Keep writing
          </Button>
          <Button variant="danger" onClick={onDiscard}>
            Discard
          </Button>
        </>
      }
    >
      <p className="text-sm text-muted">It was not sent, and is kept nowhere else.</p>
    </Modal>
  );
}

type ModalProps = Omit<DialogProps, "isDirty">;

function Modal({ isOpen, onClose, children, footer, size = "md", closesOutside = true, ...rest }: ModalProps) {
  const { title, description, initialFocus } = rest;
  // Each dialog hides all else from assistive technology: two that came at once would hide one another.
  const isParentThere = use(IsParentThere);
  const [isThere, setThere] = useState(false);
  return (
    <Primitive.Root
      open={isOpen && isParentThere}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Primitive.Portal>
        <Primitive.Overlay className="fixed inset-0 z-40 bg-shade backdrop-blur-[1px]" />
        <Primitive.Content
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          onOpenAutoFocus={(event) => {
            setThere(true);
            if (initialFocus?.current == null) return;
            event.preventDefault();
            initialFocus.current.focus();
          }}
          onInteractOutside={(event) => {
            if (!closesOutside || isToast(event.target)) event.preventDefault();
          }}
          onCloseAutoFocus={(event) => {
            setThere(false);
            event.preventDefault();
            restoreFocus();
          }}
          className={clsx(LOOK, WIDTH[size])}
        >
          <Header title={title} description={description} />
          <div className="min-h-0 flex-1 overflow-y-auto px-4 py-4 sm:px-5">
            <IsParentThere value={isThere}>{children}</IsParentThere>
          </div>
          {footer !== undefined && (
            <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3 sm:px-5">
              {footer}
            </footer>
          )}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

function Header({ title, description }: Pick<DialogProps, "title" | "description">) {
  return (
    <header className="flex items-start gap-3 border-b border-line px-4 py-3 sm:px-5">
      <div className="min-w-0 flex-1">
        <Primitive.Title className="text-lg font-semibold">{title}</Primitive.Title>
        {description !== undefined && (
          <Primitive.Description className="mt-0.5 text-sm text-muted">{description}</Primitive.Description>
        )}
      </div>
      <Primitive.Close
        aria-label="Close"
        title="Close"
        className="-mr-1 inline-flex size-9 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-ink"
      >
        <X size={18} aria-hidden="true" />
      </Primitive.Close>
    </header>
  );
}

/** Toasts lie above dialogs, and to press one is not to leave the dialog. */
function isToast(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("[data-toasts]") !== null;
}
