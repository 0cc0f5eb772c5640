/** The board by keyboard: j and k walk a column, h and l change it; m, a, c act on the card that has the focus. */
import { useEffect } from "react";
import { useLocation, useSearchParams } from "wouter";

import { api, unwrap } from "@/api/client";
import type { Incident } from "@/api/types";
import { label } from "@/lib/keys";
import { attempt } from "@/live/actions";
import { incidentPath } from "@/lib/paths";
import { useMay } from "@/live/session";
import { store } from "@/live/store";
import { announce } from "@/ui/announcer";

export function useBoardKeys(): void {
  const mayEdit = useMay("edit_incidents");
  const mayCreate = useMay("create_incidents");
  const [, navigate] = useLocation();
  const [, setParams] = useSearchParams();
  useEffect(() => {
    const doors: Doors = {
      mayEdit,
      mayCreate,
      go: navigate,
      open: (name) => {
        setParams((params) => {
          params.set(name, "");
          return params;
        });
      },
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || hasDialog()) return;
      if (press(event.key, doors)) event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
    };
  }, [mayEdit, mayCreate, navigate, setParams]);
}

interface Doors {
  readonly mayEdit: boolean;
  readonly mayCreate: boolean;
  readonly go: (path: string) => void;
  /** Opens the dialog of that name. */
  readonly open: (name: string) => void;
}

/** Does what the key is for; false where it is for nothing. */
function press(key: string, doors: Doors): boolean {
  switch (key) {
    case "j":
      return walk(1);
    case "k":
      return walk(-1);
    case "l":
      return cross(1);
    case "h":
      return cross(-1);
    case "m":
      return doors.mayEdit && pressMove();
    case "a":
      return decide(doors);
    case "c":
      return doors.mayEdit && acknowledge();
    case "n":
      if (doors.mayCreate) doors.open("new");
      return doors.mayCreate;
    case "?":
      doors.open("help");
      return true;
    case "/":
      document.querySelector<HTMLInputElement>("[data-search]")?.focus();
      return true;
    default:
      return false;
  }
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function hasDialog(): boolean {
  return document.querySelector('[role="dialog"], [role="menu"]') !== null;
}

const links = (within: ParentNode): HTMLElement[] => [...within.querySelectorAll<HTMLElement>("[data-card-link]")];
const focusedCard = (): HTMLElement | null => document.activeElement?.closest<HTMLElement>("[data-card]") ?? null;

/** To the next card of the column, or the first of the board. */
function walk(step: number): boolean {
  const card = focusedCard();
  const column = card?.closest("[data-column]") ?? null;
  if (card === null || column === null) return focus(links(document)[0]);
  const all = links(column);
  const place = all.findIndex((link) => card.contains(link));
  return focus(all[Math.min(all.length - 1, Math.max(0, place + step))]);
}

/** To the same place in the next column that has a card. */
function cross(step: number): boolean {
  const card = focusedCard();
  const columns = [...document.querySelectorAll("[data-column]")];
  const here = columns.findIndex((column) => column.contains(card));
  if (card === null || here < 0) return focus(links(document)[0]);
  const place = links(columns[here] ?? document).findIndex((link) => card.contains(link));
  for (let next = here + step; next >= 0 && next < columns.length; next += step) {
    const all = links(columns[next] ?? document);
    if (all.length > 0) return focus(all[Math.min(place, all.length - 1)]);
  }
  return true;
}

function focus(element: HTMLElement | undefined): boolean {
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
  return true;
}

function pressMove(): boolean {
  const button = focusedCard()?.querySelector<HTMLElement>("[data-move]");
  // The menu opens on a pointer or a key, not on a click by code.
  button?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  return true;
}

function focusedIncident(): Incident | null {
  return store.get().incidents.get(focusedCard()?.dataset["card"] ?? "") ?? null;
}

/** Opens the card with its decision. */
function decide(doors: Doors): boolean {
  const incident = focusedIncident();
  if (incident === null) return true;
  const waiting = [...store.get().plans.values()].find(
    (plan) => plan.incident_name === incident.name && plan.status === "awaiting_approval",
  );
  if (waiting === undefined) announce(`${label(incident)} has no plan that awaits a decision`);
  else doors.go(`${incidentPath(incident)}?decide=${encodeURIComponent(waiting.name)}`);
  return true;
}

function acknowledge(): boolean {
  const incident = focusedIncident();
  if (incident === null) return true;
  void attempt(`${label(incident)} is acknowledged`, `${label(incident)} was not acknowledged`, () =>
    unwrap(
      api.POST("/api/v1/incidents/{id}/acknowledge", { params: { path: { id: incident.id } }, body: { reason: "" } }),
    ),
  );
  return true;
}
