import { lazy, Suspense } from "react";

import { useMay } from "@/live/session";
import { useDialogParam } from "@/ui/useDialogParam";

const CreateForm = lazy(() => import("./CreateForm"));

/** The form for a new incident, opened by `?new` for those who may make one. */
export function CreateDialog() {
  const [isOpen, close] = useDialogParam("new");
  const mayCreate = useMay("create_incidents");
  if (!isOpen || !mayCreate) return null;
  return (
    <Suspense fallback={null}>
      <CreateForm onClose={close} />
    </Suspense>
  );
}
