/** Everything that is found for a query, by kind. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { gameDaysQuery, scenariosQuery } from "@/api/queries";
import type { Incident, Plan } from "@/api/types";
import { incidentPath } from "@/lib/paths";
import { teamsOf } from "@/lib/teams";
import { label } from "@/lib/keys";
import { useMay, useSession } from "@/live/session";
import { useLive } from "@/live/store";

import { type Command, commandsFor } from "./commands";
import { type Entry, filterEntries, findIncidents, MOST } from "./find";

export interface Result extends Entry {
  readonly run: Command["run"];
  /** Where it is one. */
  readonly incident?: Incident;
}

export interface Results {
  readonly heading: string;
  readonly results: readonly Result[];
}

/** The kinds that have any, and how many incidents more there are than are shown. */
export function useResults(query: string): { readonly groups: readonly Results[]; readonly unseen: number } {
  const incidents = useLive((state) => state.incidents);
  const found = useMemo(() => findIncidents(incidents.values(), query), [incidents, query]);
  const decisions = useDecisions();
  const commands = useCommands();
  return useMemo(() => {
    const heading = found.total > MOST ? `Incidents, ${MOST} of ${found.total}` : "Incidents";
    const matching = filterEntries(commands, query);
    const groups: readonly Results[] = [
      { heading: "Waiting for a decision", results: filterEntries(decisions, query).slice(0, MOST) },
      { heading, results: found.incidents.map(toResult) },
      ...(["Commands", "Pages", "Filters"] as const).map((group) => ({
        heading: group,
        results: matching.filter((each) => each.group === group),
      })),
    ];
    const unseen = found.total - found.incidents.length;
    return { groups: groups.filter(({ results }) => results.length > 0), unseen };
  }, [found, decisions, commands, query]);
}

function toResult(incident: Incident): Result {
  const path = incidentPath(incident);
  return { id: incident.id, title: incident.message, incident, run: ({ go }) => go(path) };
}

/** Plans that wait, for those who may decide. */
function useDecisions(): readonly Result[] {
  const plans = useLive((state) => state.plans);
  const incidents = useLive((state) => state.incidents);
  const mayApprove = useMay("approve_plans");
  return useMemo(() => {
    if (!mayApprove) return [];
    const waiting: Result[] = [];
    for (const plan of plans.values()) {
      const incident = plan.status === "awaiting_approval" ? incidents.get(plan.incident_id) : undefined;
      if (incident !== undefined) waiting.push(toDecision(plan, incident));
    }
    return waiting;
  }, [plans, incidents, mayApprove]);
}

function toDecision(plan: Plan, incident: Incident): Result {
  const path = `${incidentPath(incident)}?decide=${encodeURIComponent(plan.name)}`;
  return {
    id: plan.id,
    title: `Decide on the plan of ${label(incident)}`,
    hint: incident.message,
    words: "approve reject",
    run: ({ go }) => go(path),
  };
}

const MOST_CHOICES = 50;

function useCommands(): readonly Command[] {
  const session = useSession();
  const scenarios = useQuery(scenariosQuery).data;
  const hasGameDays = (useQuery(gameDaysQuery).data?.length ?? 0) > 0;
  const killSwitch = useLive((state) => state.killSwitch);
  const incidents = useLive((state) => state.incidents);
  const systems = useLive((state) => state.systems);
  return useMemo(() => {
    return commandsFor({
      session,
      scenarios: scenarios ?? [],
      killSwitch,
      hasGameDays,
      teams: teamsOf(incidents.values()).slice(0, MOST_CHOICES),
      systems: [...new Set([...systems.values()].map(({ name }) => name))].sort().slice(0, MOST_CHOICES),
    });
  }, [session, scenarios, killSwitch, hasGameDays, incidents, systems]);
}
