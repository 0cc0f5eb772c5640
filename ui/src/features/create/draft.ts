/** What is typed into the form, and what of it is sent. */
import type { NewIncident } from "@/api/schema";
import type { IncidentType, Severity } from "@/api/types";
import { SEVERITIES } from "@/lib/words";

export const MOST_FIELDS = 32;
export const MOST_SYSTEMS = 16;

export interface CustomField {
  /** Tells rows apart while names are typed. */
  readonly key: number;
  readonly name: string;
  readonly value: string;
}

export interface Draft {
  readonly message: string;
  readonly description: string;
  /** Empty: the diagnosis sets it. */
  readonly severity: Severity | "";
  readonly type: IncidentType;
  readonly team: string;
  readonly systems: readonly string[];
  readonly mode: NewIncident["remediation_mode"];
  readonly source: string;
  readonly fields: readonly CustomField[];
}

export const EMPTY: Draft = {
  message: "",
  description: "",
  severity: "",
  type: "real_system",
  team: "",
  systems: [],
  mode: "automated",
  source: "",
  fields: [],
};

/** Whether something would be lost. */
export function isTouched(draft: Draft): boolean {
  const fields = draft.fields.filter(({ name, value }) => name !== "" || value !== "");
  return JSON.stringify({ ...draft, fields }) !== JSON.stringify(EMPTY);
}

/** What is wrong, by the form's own names; the server's rules are asked only for what is hard to say here. */
export type Errors = Readonly<Record<string, string>>;

const NAME = /^[A-Za-z0-9][A-Za-z0-9 ._/-]*$/;

/** What can be seen to be wrong without the server. */
export function checkDraft(draft: Draft): Errors {
  const errors: Record<string, string> = {};
  if (draft.message.trim() === "") errors["message"] = "Say in one line what is wrong.";
  const seen = new Set<string>();
  for (const { key, name, value } of draft.fields) {
    const trimmed = name.trim();
    if (trimmed === "" && value !== "") errors[`field.${key}`] = "Give it a name, or remove the row.";
    else if (seen.has(trimmed)) errors[`field.${key}`] = "Another row has that name already.";
    else if (trimmed !== "" && !NAME.test(trimmed)) {
      errors[`field.${key}`] = "Begin with a letter or digit; after that, spaces and . _ / - are allowed too.";
    }
    if (trimmed !== "") seen.add(trimmed);
  }
  return errors;
}

/** The body of the request. Rows without a name and a value are left out. */
export function toBody(draft: Draft, namespace: string): NewIncident {
  const named = draft.fields.filter(({ name }) => name.trim() !== "");
  return {
    message: draft.message.trim(),
    description: draft.description,
    severity: SEVERITIES.find((severity) => severity === draft.severity) ?? null,
    incident_type: draft.type,
    team: draft.team.trim(),
    affected_systems: [...draft.systems],
    remediation_mode: draft.mode,
    source: draft.source.trim(),
    metadata: Object.fromEntries(named.map(({ name, value }) => [name.trim(), value])),
    assignee: "",
    notes: "",
    namespace,
  };
}

const FORM_NAME: Readonly<Record<string, string>> = {
  message: "message",
  description: "description",
  severity: "severity",
  incident_type: "type",
  team: "team",
  affected_systems: "systems",
  remediation_mode: "mode",
  source: "source",
};

/**
 * The server's errors at the form's fields. `where` is a path such as `body.message`, `body.affected_systems.0` or
 * `body.metadata.region`; what belongs to no field is left over.
 */
export function placeErrors(
  told: readonly { readonly where: string; readonly message: string }[],
  draft: Draft,
): { readonly errors: Errors; readonly rest: readonly string[] } {
  const errors: Record<string, string> = {};
  const rest: string[] = [];
  for (const { where, message } of told) {
    const place = placeOf(where, draft);
    if (place === null) rest.push(`${where}: ${message}`);
    else errors[place] ??= message;
  }
  return { errors, rest };
}

function placeOf(where: string, draft: Draft): string | null {
  const path = where.replace(/^body\.?/, "");
  if (path === "metadata") return "fields";
  if (path.startsWith("metadata.")) {
    // A name may hold dots itself, and an error about the name ends with `[key]`.
    const inside = path.slice("metadata.".length);
    const row = draft.fields.find(({ name }) => {
      const trimmed = name.trim();
      return trimmed !== "" && (inside === trimmed || inside.startsWith(`${trimmed}.`));
    });
    return row === undefined ? "fields" : `field.${row.key}`;
  }
  return FORM_NAME[path.split(".")[0] ?? ""] ?? null;
}
