import { useMemo } from "react";
import { useSearchParams } from "wouter";

import type { Incident } from "@/api/types";
import { label } from "@/lib/keys";
import { useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";

import { ApprovalPanel } from "./ApprovalPanel";
import { plansOf } from "./find";

/** What this dialog puts into the address. `decide` is a plan's name; with `reject` it opens at the reason. */
export const OWN_PARAMS = ["decide", "reject"] as const;

/** Asks whoever may approve for the decision on a plan of the incident. */
export function ApprovalDialog({ incident }: { readonly incident: Incident }) {
  const [params, setParams] = useSearchParams();
  const name = params.get("decide");
  const allPlans = useLive((state) => state.plans);
  const plan = useMemo(
    () => plansOf(incident, allPlans.values()).find((each) => each.name === name || each.id === name),
    [incident, allPlans, name],
  );
  const close = (): void => {
    setParams(
      (present) => {
        for (const own of OWN_PARAMS) present.delete(own);
        return present;
      },
      { replace: true },
    );
  };
  if (name === null) return null;
  if (plan === undefined) {
    return (
      <Dialog isOpen onClose={close} title="There is no such plan" footer={<Button onClick={close}>Close</Button>}>
        <p className="text-sm text-muted">
          {label(incident)} has no plan {name}. It may be deleted, or be another incident's.
        </p>
      </Dialog>
    );
  }
  return <ApprovalPanel key={plan.id} plan={plan} startsWithRejection={params.has("reject")} onClose={close} />;
}
