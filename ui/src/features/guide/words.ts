/** What the guide says of each step once it is behind. */
import { targetsOf } from "@/lib/experiments";
import { formatPrecise, secondsBetween, sentence } from "@/lib/format";
import { harmBegan } from "@/lib/milestones";
import { FAULT_WORD, resolvedWord } from "@/lib/words";
import { label } from "@/lib/keys";

import type { Progress, Step } from "./progress";

export const TITLE: Record<Step, string> = {
  break: "Break something",
  notice: "Watch it being noticed",
  read: "Read why",
  approve: "Approve the plan",
  heal: "Healed and proven",
  grade: "Graded",
};

/** How a step came out, in a line; empty where nothing is known of it. */
export function resultOf(step: Step, progress: Progress): string {
  switch (step) {
    case "break":
      return resultOfBreak(progress);
    case "notice":
      return resultOfNotice(progress);
    case "read":
      return resultOfRead(progress);
    case "approve":
      return resultOfApprove(progress);
    case "heal":
      return resultOfHeal(progress);
    case "grade":
      return progress.marks.grade === "done" ? "Passed" : progress.marks.grade === "failed" ? "Did not pass" : "";
  }
}

function resultOfBreak({ experiment, marks }: Progress): string {
  if (experiment === null) return "";
  if (marks.break === "failed") return "It did not begin";
  const systems = targetsOf(experiment).join(", ");
  return systems === "" ? FAULT_WORD[experiment.fault.type] : `${systems}: ${FAULT_WORD[experiment.fault.type]}`;
}

function resultOfNotice({ experiment, incident, marks }: Progress): string {
  if (incident === null) {
    if (marks.notice === "failed") return "It ended before anything was noticed";
    return marks.notice === "skipped" ? "There was nothing to notice: it was a control" : "";
  }
  const seconds = secondsBetween(harmBegan(incident, experiment), incident.timestamps.detected_at);
  const took = seconds === null || seconds < 0 ? "" : `After ${formatPrecise(seconds)}, as `;
  return `${took}${label(incident)}`;
}

function resultOfRead({ incident, marks }: Progress): string {
  const analysis = incident?.analysis ?? null;
  if (analysis === null || marks.read === "todo") return "";
  if (marks.read === "skipped") return "Not opened; it can still be read";
  const cause = analysis.root_cause.fault_type;
  const found = cause === null ? "no cause was found" : FAULT_WORD[cause];
  return `${found}, says ${analysis.diagnosis_provider} (confidence ${analysis.confidence} %)`;
}

function resultOfApprove({ incident, plan, marks }: Progress): string {
  if (marks.approve === "skipped") return "It ended without an approval";
  const decision = plan?.decision ?? null;
  if (decision === null) return plan?.status === "expired" ? "Nobody decided in time" : "";
  if (!decision.approved) return `Rejected by ${decision.by}`;
  const waited = incident === null ? null : secondsBetween(incident.timestamps.plan_proposed_at, decision.at);
  return waited === null || waited < 0 ? `By ${decision.by}` : `By ${decision.by}, after ${formatPrecise(waited)}`;
}

function resultOfHeal({ experiment, incident, plan, marks }: Progress): string {
  if (marks.heal === "failed") return sentence(plan?.message ?? "");
  if (incident?.status !== "resolved") return marks.heal === "skipped" ? "It ended before it was healed" : "";
  if (marks.heal === "skipped") return resolvedWord(incident.resolved_reason ?? "Resolved");
  const seconds = secondsBetween(harmBegan(incident, experiment), incident.timestamps.resolved_at);
  return seconds === null || seconds < 0
    ? "Recovery was measured"
    : `Recovery was measured ${formatPrecise(seconds)} after the fault`;
}
