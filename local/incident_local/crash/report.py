"""The matrix as a table, and as a document."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from incident_local.crash.trial import Result


def render_table(results: Sequence[Result]) -> str:
    """A row a kill; what was missed stands below its row."""
    faults = max(len(r.kill.fault) for r in results)
    points = max(len("killed at"), *(len(r.kill.when) for r in results))
    outcomes = max(len("ended as"), *(len(r.outcome) for r in results))
    rows = [f"{'fault':<{faults}}  {'killed at':<{points}}  {'ended as':<{outcomes}}  {'undone':>7}  {'in all':>7}"]
    for r in results:
        ended = r.undone_seconds if r.dead_man_seconds is None else r.dead_man_seconds
        undone = f"{ended:.1f} s" if ended is not None else "-"
        rows.append(
            f"{r.kill.fault:<{faults}}  {r.kill.when:<{points}}  {r.outcome or '-':<{outcomes}}  {undone:>7}  "
            f"{r.seconds:>5.1f} s  {'ok' if r.passed else 'MISSED'}"
        )
        rows += [f"    {miss}" for miss in r.misses]
    passed = sum(r.passed for r in results)
    return "\n".join([*rows, "", f"{passed} of {len(results)} kills left nothing behind"])


def to_document(results: Sequence[Result]) -> JsonValue:
    """What `--json` prints; its keys are stable."""
    return {
        "passed": all(r.passed for r in results),
        "kills": [
            {
                "fault": str(r.kill.fault),
                "system": r.kill.system,
                "point": str(r.kill.point) if r.kill.point else None,
                "afterSeconds": None if r.kill.point else round(r.kill.after, 3),
                "passed": r.passed,
                "outcome": r.outcome,
                "misses": list(r.misses),
                "forGood": r.kill.for_good,
                "deadManSeconds": None if r.dead_man_seconds is None else round(r.dead_man_seconds, 2),
                "undoneSeconds": None if r.undone_seconds is None else round(r.undone_seconds, 2),
                "seconds": round(r.seconds, 2),
            }
            for r in results
        ],
    }
