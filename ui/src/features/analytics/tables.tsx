import { formatPrecise } from "@/lib/format";

import type { Diagnoser, Group } from "./analyse";
import { Section } from "./Section";
import { Table } from "./Table";

const UNKNOWN = "–";

interface GroupsProps {
  readonly title: string;
  /** What a row is. */
  readonly name: string;
  readonly note?: string;
  readonly groups: readonly Group[];
}

/** Incidents and drills by what they have in common. */
export function Groups({ title, name, note, groups }: GroupsProps) {
  return (
    <Section title={title} {...(note === undefined ? {} : { note })}>
      <Table
        caption={title}
        columns={[name, "Incidents", "MTTR median", "MTTR p90", "Resolved", "Relapses", "Drills passed"]}
        rows={groups.map((group) => ({
          key: group.name,
          cells: [
            group.name,
            group.n,
            seconds(group.resolve.median),
            group.resolve.p90 === null && group.resolve.n > 0 ? TOO_FEW : seconds(group.resolve.p90),
            group.resolve.n,
            group.relapses,
            share(group.passed, group.graded),
          ],
        }))}
      />
    </Section>
  );
}

const TOO_FEW = <span className="font-sans text-xs text-muted">too few</span>;

/** Who said what is wrong, and how often that was right. */
export function Diagnosers({ diagnosers }: { readonly diagnosers: readonly Diagnoser[] }) {
  if (diagnosers.length === 0) return null;
  return (
    <Section
      title="By diagnoser"
      note="A cause is right if it names the injected fault and its system, which only drills can tell. Confidence is the mean of what the diagnoser said itself."
    >
      <Table
        caption="By diagnoser"
        columns={["Diagnoser", "Diagnosed", "Right cause", "Confidence when right", "When wrong"]}
        rows={diagnosers.map((each) => ({
          key: each.provider,
          cells: [
            each.provider,
            each.n,
            share(each.right, each.graded),
            percent(each.sureWhenRight),
            percent(each.sureWhenWrong),
          ],
        }))}
      />
    </Section>
  );
}

function seconds(value: number | null): string {
  return value === null ? UNKNOWN : formatPrecise(value);
}

function percent(value: number | null): string {
  return value === null ? UNKNOWN : `${Math.round(value)} %`;
}

function share(part: number, whole: number): string {
  return whole === 0 ? UNKNOWN : `${part} of ${whole}`;
}
