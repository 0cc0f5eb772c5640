import { lazy, Suspense, useEffect } from "react";
import { useLocation, useSearchParams } from "wouter";

import { useDialogParam } from "@/ui/useDialogParam";
import { useOpenDialog } from "@/ui/useOpenDialog";

import type { Command, Ways } from "./commands";

const PaletteDialog = lazy(() => import("./PaletteDialog"));

/** After the focus went back to where it was, so that what a command opens gives it back there too. */
const AFTER_CLOSING_MS = 40;

/** Everything by its name: Ctrl K or ⌘ K from anywhere, or `?palette`. */
export function Palette() {
  const [isOpen, close] = useDialogParam("palette");
  const [params] = useSearchParams();
  const open = useOpenDialog();
  const [, navigate] = useLocation();
  /** It would leave words behind that somebody is typing. */
  const isWriting = params.has("new");

  const ways: Ways = {
    go: (path) => navigate(path),
    open,
  };

  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const isShortcut = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
      if (!isShortcut || event.altKey || event.shiftKey) return;
      event.preventDefault();
      if (isOpen) close();
      else if (!isWriting && !event.repeat) open("palette");
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });

  const choose = (run: Command["run"]): void => {
    close();
    setTimeout(() => run(ways), AFTER_CLOSING_MS);
  };

  if (!isOpen) return null;
  return (
    <Suspense fallback={null}>
      <PaletteDialog onClose={close} onChoose={choose} />
    </Suspense>
  );
}
