/** What can be done from the palette, by what whoever is signed in may do. */
import type { KillSwitch, Scenario, Session } from "@/api/types";
import { SEVERITIES, SEVERITY_WORD, TYPE_WORD } from "@/lib/words";
import { makePracticeIncident, startDrill, startPractice, stopPractice } from "@/live/drills";
import type { Ability } from "@/live/session";
import { chooseTheme } from "@/ui/theme";

import { copySignInLink } from "./copySignInLink";
import type { Entry } from "./find";

/** Where a command leads. */
export interface Ways {
  /** Opens the dialog of that name. */
  readonly open: (dialog: string, value?: string) => void;
  readonly go: (path: string) => void;
}

export interface Command extends Entry {
  readonly group: "Commands" | "Pages" | "Filters";
  readonly run: (ways: Ways) => void;
}

interface Surroundings {
  readonly session: Session;
  readonly scenarios: readonly Scenario[];
  readonly killSwitch: KillSwitch | null;
  readonly hasGameDays: boolean;
  readonly teams: readonly string[];
  readonly systems: readonly string[];
}

/** Every command that may be offered. */
export function commandsFor(surroundings: Surroundings): readonly Command[] {
  const { session } = surroundings;
  const may = (ability: Ability): boolean => session.may[ability] === true;
  return [
    ...(may("create_incidents")
      ? [dialog("new", "New incident", { hint: "report what you noticed", words: "create report" })]
      : []),
    ...(may("run_experiments") && surroundings.killSwitch?.on !== true ? drills(surroundings.scenarios) : []),
    ...(may("halt") ? [halt(surroundings.killSwitch)] : []),
    ...(may("run_generator") ? practice() : []),
    ...(may("delete_incidents") && may("run_experiments")
      ? [dialog("reset", "Reset", { hint: "stop all drills and delete all incidents", words: "clear start over" })]
      : []),
    ...(may("read_experiments")
      ? [dialog("guide", "Guide", { hint: "through a first drill", words: "tour help tutorial" })]
      : []),
    dialog("help", "Keys and help", { words: "shortcuts keyboard" }),
    command("link", "Copy a sign-in link", () => void copySignInLink(), { hint: "it signs in as you", words: "share" }),
    ...themes(),
    ...pages(may("read_experiments"), surroundings.hasGameDays),
    ...filters(surroundings),
  ];
}

type More = Pick<Entry, "hint" | "words">;

function command(id: string, title: string, run: Command["run"], more: More = {}): Command {
  return { id, title, group: "Commands", run, ...more };
}

function dialog(name: string, title: string, more: More = {}): Command {
  return command(`open.${name}`, title, ({ open }) => open(name), more);
}

function drills(scenarios: readonly Scenario[]): readonly Command[] {
  return scenarios.map((scenario) =>
    command(`drill.${scenario.name}`, `Run drill: ${scenario.title}`, () => void startDrill(scenario), {
      hint: scenario.system,
      words: `${scenario.name} break chaos experiment`,
    }),
  );
}

function halt(killSwitch: KillSwitch | null): Command {
  return killSwitch?.on === true
    ? dialog("allow-drills", "Allow drills again", { hint: "turn the kill switch off", words: "resume halt" })
    : dialog("halt", "Stop all drills", { hint: "the kill switch", words: "halt emergency chaos" });
}

function practice(): readonly Command[] {
  const words = "generate generator synthetic";
  return [
    command("practice.one", "Practice incident now", () => void makePracticeIncident(), { words }),
    command("practice.start", "Practice incidents at intervals", () => void startPractice(), { words }),
    command("practice.stop", "Stop practice incidents", () => void stopPractice(), { words }),
  ];
}

function themes(): readonly Command[] {
  return [
    command("theme.light", "Theme: light", () => chooseTheme("light"), { words: "bright" }),
    command("theme.dark", "Theme: dark", () => chooseTheme("dark"), { words: "night" }),
    command("theme.system", "Theme: as the device", () => chooseTheme("system")),
  ];
}

function pages(mayReadExperiments: boolean, hasGameDays: boolean): readonly Command[] {
  return [
    page("/", "Board", "columns cards home"),
    ...(mayReadExperiments ? [page("/experiments", "Experiments", "drills faults")] : []),
    page("/analytics", "Analytics", "figures mttr mttd mtta statistics"),
    ...(hasGameDays ? [page("/game-days", "Game days", "scoreboard suites")] : []),
  ];
}

function page(path: string, title: string, words: string): Command {
  return { id: `page.${path}`, title, group: "Pages", words, run: ({ go }) => go(path) };
}

function filters({ teams, systems }: Surroundings): readonly Command[] {
  return [
    ...SEVERITIES.map((severity) =>
      filter(`severity=${severity}`, `Show only ${severity}`, SEVERITY_WORD[severity].toLowerCase()),
    ),
    filter("mine", "Show only mine", "assigned to you"),
    ...Object.entries(TYPE_WORD).map(([type, word]) => filter(`type=${type}`, `Show only: ${word}`, "type")),
    ...teams.map((team) => filter(`team=${encodeURIComponent(team)}`, `Show only team ${team}`, "team")),
    ...systems.map((name) => filter(`system=${encodeURIComponent(name)}`, `Show only ${name}`, "system")),
    { ...filter("", "Show everything", "no filter"), run: ({ go }) => go("/") },
  ];
}

function filter(query: string, title: string, hint: string): Command {
  return { id: `filter.${query}`, title, hint, group: "Filters", words: "filter", run: ({ go }) => go(`/?${query}`) };
}
