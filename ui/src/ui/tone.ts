import type { SlaState } from "@/lib/sla";
import type { Tone } from "@/lib/words";

/** Text on its soft ground. */
export const SOFT: Record<Tone, string> = {
  neutral: "bg-sunken text-muted",
  accent: "bg-accent-soft text-accent",
  danger: "bg-danger-soft text-danger",
  alert: "bg-alert-soft text-alert",
  warn: "bg-warn-soft text-warn",
  ok: "bg-ok-soft text-ok",
  info: "bg-info-soft text-info",
  violet: "bg-violet-soft text-violet",
};

export const TEXT: Record<Tone, string> = {
  neutral: "text-muted",
  accent: "text-accent",
  danger: "text-danger",
  alert: "text-alert",
  warn: "text-warn",
  ok: "text-ok",
  info: "text-info",
  violet: "text-violet",
};

/** Solid, for dots and bars. */
export const FILL: Record<Tone, string> = {
  neutral: "bg-edge",
  accent: "bg-accent",
  danger: "bg-danger",
  alert: "bg-alert",
  warn: "bg-warn",
  ok: "bg-ok",
  info: "bg-info",
  violet: "bg-violet",
};

/** How loud it is said as the time runs out. */
export const SLA_LOOK: Record<SlaState, string> = {
  running: "text-muted",
  soon: "font-semibold text-warn",
  breached: "font-semibold text-danger",
  kept: "text-muted",
  missed: "text-danger",
};
