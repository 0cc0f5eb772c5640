/** The incidents as a table for other programs (RFC 4180). */
import { FAULT_WORD } from "@/lib/words";

import type { Case } from "./cases";

type Cell = string | number | boolean | null;

const COLUMNS: readonly (readonly [name: string, cell: (each: Case) => Cell])[] = [
  ["number", ({ incident }) => incident.number],
  ["name", ({ incident }) => incident.name],
  ["namespace", ({ incident }) => incident.namespace],
  ["title", ({ incident }) => incident.message],
  ["type", ({ incident }) => incident.incident_type],
  ["severity", ({ incident }) => incident.severity],
  ["status", ({ incident }) => incident.status],
  ["resolved_reason", ({ incident }) => incident.resolved_reason],
  ["team", ({ incident }) => incident.team],
  ["assignee", ({ incident }) => incident.assignee],
  ["source", ({ incident }) => incident.source],
  ["systems", ({ incident }) => incident.affected_systems.join(" ")],
  ["occurrences", ({ incident }) => incident.occurrences],
  ["relapses", ({ incident }) => incident.relapses],
  ["breached_at", ({ incident }) => incident.timestamps.breached_at],
  ["detected_at", ({ incident }) => incident.timestamps.detected_at],
  ["acknowledged_at", ({ incident }) => incident.timestamps.acknowledged_at],
  ["plan_proposed_at", ({ incident }) => incident.timestamps.plan_proposed_at],
  ["approved_at", ({ incident }) => incident.timestamps.approved_at],
  ["resolved_at", ({ incident }) => incident.timestamps.resolved_at],
  ["seconds_to_detect", ({ detect }) => detect],
  ["seconds_to_acknowledge", ({ acknowledge }) => acknowledge],
  ["seconds_to_resolve", ({ resolve }) => resolve],
  ["seconds_of_machine", ({ machine }) => machine],
  ["seconds_of_human", ({ human }) => human],
  ["diagnoser", ({ incident }) => incident.analysis?.diagnosis_provider ?? null],
  ["confidence_percent", ({ incident }) => incident.analysis?.confidence ?? null],
  ["experiment", ({ experiment }) => experiment?.name ?? null],
  ["fault", ({ experiment }) => (experiment === null ? null : FAULT_WORD[experiment.fault.type])],
  ["passed", ({ report }) => report?.grade.passed ?? null],
];

export function toCsv(cases: readonly Case[]): string {
  const head = COLUMNS.map(([name]) => name);
  const rows = cases.map((each) => COLUMNS.map(([, cell]) => toCell(cell(each))));
  return [head, ...rows].map((row) => `${row.join(",")}\r\n`).join("");
}

/**
 * A cell as it is written. Texts come from whoever reports an incident, and spreadsheets run what begins like a formula:
 * an apostrophe before it keeps it a text.
 */
function toCell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(Math.round(value * 1000) / 1000);
  if (typeof value === "boolean") return String(value);
  const text = /^\s*[=+\-@＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
