import { Lock } from "lucide-react";

import { useMay, useSession } from "@/live/session";
import { Empty } from "@/ui/States";

import { Catalogue } from "./Catalogue";
import { RunDialog } from "./RunDialog";
import { Runs } from "./Runs";

/** The drills that can be run, and all that were. They tell what was broken, so not everybody may see them. */
export default function ExperimentsPage() {
  const mayRead = useMay("read_experiments");
  const { user } = useSession();
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-8 px-3 py-6 sm:px-5">
      <h1 className="text-xl font-semibold">Experiments</h1>
      {mayRead ? (
        <>
          <Catalogue />
          <Runs />
          <RunDialog />
        </>
      ) : (
        <Empty icon={<Lock size={28} aria-hidden="true" />} title="You may not see experiments">
          They tell what was broken, which a diagnosis has to find out by itself. {user} may not read them; somebody
          with the role incidentsim-viewer may.
        </Empty>
      )}
    </div>
  );
}
