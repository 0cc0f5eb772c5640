import { api, unwrap } from "@/api/client";
import { countOf } from "@/lib/format";
import { RUNNING } from "@/lib/words";
import { attempt } from "@/live/actions";
import { useMay, useSession } from "@/live/session";
import { useLive } from "@/live/store";
import { Prompt } from "@/ui/Prompt";
import { useDialogParam } from "@/ui/useDialogParam";

/** Name of the dialog in the address. */
export const RESET = "reset";

/** A reset deletes incidents, and stops experiments. */
export function useMayReset(): boolean {
  const mayDelete = useMay("delete_incidents");
  const mayStop = useMay("run_experiments");
  return mayDelete && mayStop;
}

/** Deletes everything that drills left on the board. It outlives the menu that opens it. */
export function PracticeDialogs() {
  const [isAsked, close] = useDialogParam(RESET);
  const mayReset = useMayReset();
  const { namespace } = useSession();
  if (!isAsked || !mayReset) return null;
  return (
    <Prompt
      onClose={close}
      title="Delete all incidents?"
      description={`This clears the namespace ${namespace}. It cannot be undone.`}
      field={null}
      confirm="Delete all and reset"
      isDanger
      onConfirm={reset}
    >
      <Losses namespace={namespace} />
    </Prompt>
  );
}

async function reset(): Promise<boolean> {
  const done = await attempt("The board was reset", "The board was not reset", () =>
    unwrap(api.POST("/api/v1/incidents/reset")),
  );
  return done !== null;
}

/** Exactly what goes, and what stays. */
function Losses({ namespace }: { readonly namespace: string }) {
  const incidents = useLive((state) => state.incidents);
  const plans = useLive((state) => state.plans);
  const experiments = useLive((state) => state.experiments);
  const isHere = (thing: { readonly namespace: string }): boolean => thing.namespace === namespace;
  const running = [...experiments.values()].filter((one) => isHere(one) && RUNNING.has(one.status)).length;
  return (
    <ul className="flex list-disc flex-col gap-1.5 pl-5 text-sm">
      <li>
        <strong>{countOf([...incidents.values()].filter(isHere).length, "incident")}</strong> with their notes and
        history are deleted, those of other people too.
      </li>
      <li>
        <strong>{countOf([...plans.values()].filter(isHere).length, "plan")}</strong> for them are deleted with them.
      </li>
      <li>
        <strong>{countOf(running, "running fault")}</strong> {running === 1 ? "is" : "are"} stopped and undone.
      </li>
      <li>Experiments that are over, with their grades, and the systems stay.</li>
    </ul>
  );
}
