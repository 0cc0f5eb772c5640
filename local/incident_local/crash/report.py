"""The matrix as a table, and as a document."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from incident_local.crash.trial import Result

CHECKED = """For each kill: the experiment ended by the rule that all share, and could be deleted at once; each key,
client, setting, relation, session, lock, row, file, stop and delay was as before; no action ran twice; there was one
incident at most, now resolved."""


def render_table(results: Sequence[Result]) -> str:
    """A row a kill; what was missed stands below its row."""
    widths = (
        max(len(r.kill.fault) for r in results),
        max(len("killed at"), *(len(r.kill.when) for r in results)),
        max(len("ended as"), *(len(r.outcome) for r in results)),
    )

    def columns(fault: str, when: str, outcome: str, ended: str, seconds: str) -> str:
        left = (f"{text:<{width}}" for text, width in zip((fault, when, outcome), widths, strict=True))
        return "  ".join((*left, f"{ended:>22}", f"{seconds:>8}"))

    rows = [columns("fault", "killed at", "ended as", "nothing left after", "in all")]
    for r in results:
        row = columns(r.kill.fault, r.kill.when, r.outcome or "-", _ended(r), f"{r.seconds:.1f} s")
        rows += [f"{row}  {'ok' if r.passed else 'MISSED'}", *(f"    {miss}" for miss in r.misses)]
    passed = sum(r.passed for r in results)
    return "\n".join([*rows, "", f"{passed} of {len(results)} kills left nothing behind", CHECKED])


def _ended(result: Result) -> str:
    """Of the dead-man since the kill, or of the next operator since it was ready."""
    if result.dead_man_seconds is not None:
        return f"{result.dead_man_seconds:.1f} of {result.promised_seconds:.0f} s"
    return "-" if result.undone_seconds is None else f"{result.undone_seconds:.1f} s"


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
                "promisedSeconds": None if r.promised_seconds is None else round(r.promised_seconds, 2),
                "deadManSeconds": None if r.dead_man_seconds is None else round(r.dead_man_seconds, 2),
                "undoneSeconds": None if r.undone_seconds is None else round(r.undone_seconds, 2),
                "seconds": round(r.seconds, 2),
            }
            for r in results
        ],
    }
