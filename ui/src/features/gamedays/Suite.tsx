import type { GameDay } from "@/api/types";
import { countOf, formatDateTime } from "@/lib/format";
import { GAME_DAY_TONE, GAME_DAY_WORD } from "@/lib/words";
import { Badge } from "@/ui/Badge";
import { Elapsed } from "@/ui/clock";

import { Diagnosers } from "./Diagnosers";
import { Matrix } from "./Matrix";
import { diagnosersOf, rowsOf } from "./scoreboard";

/** One game day: where it stands, every run, and who diagnosed how well. */
export function Suite({ day }: { readonly day: GameDay }) {
  const heading = `day-${day.id}`;
  const diagnosers = diagnosersOf(day.scores);
  return (
    <section aria-labelledby={heading} className="flex flex-col gap-4 border-t border-line pt-5">
      <header className="flex flex-col gap-1">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h2 id={heading} className="text-lg font-semibold">
            {day.name}
          </h2>
          <Badge tone={GAME_DAY_TONE[day.status]}>{GAME_DAY_WORD[day.status]}</Badge>
          {day.suspended && <Badge>Suspended</Badge>}
          <p className="tabular ml-auto font-mono text-sm">
            <span className="text-ok">{day.passed} passed</span>
            {", "}
            <span className={day.failed > 0 ? "text-danger" : "text-muted"}>{day.failed} failed</span>
          </p>
        </div>
        <Course day={day} />
      </header>
      <Matrix name={day.name} rows={rowsOf(day)} />
      {diagnosers.length > 0 && <Diagnosers name={day.name} diagnosers={diagnosers} />}
    </section>
  );
}

function Course({ day }: { readonly day: GameDay }) {
  const { started_at: started, finished_at: finished, reason, message } = day;
  return (
    <p className="text-sm text-muted">
      {countOf(day.drills.length, "drill")} in {day.namespace}
      {started === null ? ", not started" : `, started ${formatDateTime(started)}`}
      {started !== null && (
        <>
          , {finished === null ? "for" : "took"} <Elapsed since={started} until={finished} />
        </>
      )}
      .{reason !== "" && <code className="ml-1.5">{reason}</code>} {message}
    </p>
  );
}
