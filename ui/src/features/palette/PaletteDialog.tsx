import { useQuery } from "@tanstack/react-query";
import { Command as Primitive } from "cmdk";
import { useEffect, useMemo, useRef, useState } from "react";

import { gameDaysQuery, scenariosQuery } from "@/api/queries";
import type { Incident, Plan } from "@/api/types";
import { countOf } from "@/lib/format";
import { incidentPath } from "@/lib/paths";
import { STATUS_WORD } from "@/lib/words";
import { label } from "@/live/actions";
import { useMay, useSession } from "@/live/session";
import { useLive } from "@/live/store";
import { announce } from "@/ui/announcer";
import { SeverityBadge } from "@/ui/Badge";
import { Dialog } from "@/ui/Dialog";

import { type Command, commandsFor } from "./commands";
import { filterEntries, findIncidents, MOST } from "./find";
import { Group, Row } from "./rows";

interface PaletteDialogProps {
  readonly onClose: () => void;
  readonly onChoose: (run: Command["run"]) => void;
}

/** The field, and below it all that is found for what is typed. */
export default function PaletteDialog({ onClose, onChoose }: PaletteDialogProps) {
  const [query, setQuery] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const incidents = useLive((state) => state.incidents);
  const found = useMemo(() => findIncidents(incidents.values(), query), [incidents, query]);
  const decisions = useDecisions(query);
  const commands = filterEntries(useCommands(), query);
  const count = decisions.length + found.incidents.length + commands.length;
  useAnnounced(query, count, found.total);
  const openPath = (path: string) => () => onChoose(({ go }) => go(path));

  return (
    <Dialog isOpen onClose={onClose} title="Search and commands" size="md" initialFocus={field}>
      <Primitive shouldFilter={false} loop label="Search and commands" className="flex flex-col gap-3">
        <Primitive.Input
          ref={field}
          value={query}
          onValueChange={setQuery}
          placeholder="A number, a title, a system, a team, or what to do"
          className="min-h-11 w-full rounded-md border border-edge bg-raised px-3 text-base text-ink placeholder:text-faint"
        />
        <Primitive.List className="max-h-[min(24rem,55dvh)] overflow-y-auto" aria-label="Results">
          {count === 0 && <p className="px-2 py-6 text-center text-sm text-muted">Nothing is called that.</p>}
          <Group heading="Waiting for a decision">
            {decisions.map(({ plan, incident }) => (
              <Row
                key={plan.id}
                id={plan.id}
                title={`Decide on the plan of ${label(incident)}`}
                hint={incident.message}
                onSelect={openPath(`${incidentPath(incident)}?decide=${encodeURIComponent(plan.name)}`)}
              />
            ))}
          </Group>
          <Group heading={found.total > MOST ? `Incidents, ${MOST} of ${found.total}` : "Incidents"}>
            {found.incidents.map((incident) => (
              <IncidentRow key={incident.id} incident={incident} onSelect={openPath(incidentPath(incident))} />
            ))}
          </Group>
          {(["Commands", "Pages", "Filters"] as const).map((group) => (
            <Group key={group} heading={group}>
              {commands
                .filter((each) => each.group === group)
                .map((each) => (
                  <Row
                    key={each.id}
                    id={each.id}
                    title={each.title}
                    hint={each.hint}
                    onSelect={() => onChoose(each.run)}
                  />
                ))}
            </Group>
          ))}
        </Primitive.List>
      </Primitive>
    </Dialog>
  );
}

function IncidentRow({ incident, onSelect }: { readonly incident: Incident; readonly onSelect: () => void }) {
  return (
    <Row
      id={incident.id}
      lead={<span className="font-mono text-xs text-muted">{label(incident)}</span>}
      title={incident.message}
      hint={STATUS_WORD[incident.status]}
      tail={incident.severity !== null && <SeverityBadge severity={incident.severity} />}
      onSelect={onSelect}
    />
  );
}

interface Decidable {
  readonly plan: Plan;
  readonly incident: Incident;
}

/** Plans that wait, for those who may decide. */
function useDecisions(query: string): readonly Decidable[] {
  const plans = useLive((state) => state.plans);
  const incidents = useLive((state) => state.incidents);
  const mayApprove = useMay("approve_plans");
  return useMemo(() => {
    if (!mayApprove) return [];
    const waiting: Decidable[] = [];
    for (const plan of plans.values()) {
      const incident = plan.status === "awaiting_approval" ? incidents.get(plan.incident_id) : undefined;
      if (incident !== undefined) waiting.push({ plan, incident });
    }
    const entries = waiting.map((each) => ({
      ...each,
      id: each.plan.id,
      title: `Decide on the plan of ${label(each.incident)}`,
      hint: each.incident.message,
      words: "approve reject",
    }));
    return filterEntries(entries, query).slice(0, MOST);
  }, [plans, incidents, mayApprove, query]);
}

function useCommands(): readonly Command[] {
  const session = useSession();
  const scenarios = useQuery(scenariosQuery).data;
  const hasGameDays = (useQuery(gameDaysQuery).data?.length ?? 0) > 0;
  const killSwitch = useLive((state) => state.killSwitch);
  const incidents = useLive((state) => state.incidents);
  const systems = useLive((state) => state.systems);
  return useMemo(() => {
    const teams = new Set([...incidents.values()].map(({ team }) => team).filter((team) => team !== ""));
    return commandsFor({
      session,
      scenarios: scenarios ?? [],
      killSwitch,
      hasGameDays,
      teams: [...teams].sort().slice(0, 50),
      systems: [...new Set([...systems.values()].map(({ name }) => name))].sort().slice(0, 50),
    });
  }, [session, scenarios, killSwitch, hasGameDays, incidents, systems]);
}

/** Says how much was found, once the typing pauses. */
function useAnnounced(query: string, count: number, total: number): void {
  useEffect(() => {
    if (query.trim() === "") return;
    const more = total > MOST ? `, and ${total - MOST} more incidents` : "";
    const timer = setTimeout(() => announce(`${countOf(count, "result")}${more}`), 400);
    return () => clearTimeout(timer);
  }, [query, count, total]);
}
