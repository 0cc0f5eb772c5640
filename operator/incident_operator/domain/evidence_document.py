"""Evidence as people and models get to see it: bounded, redacted, every text of the system in a cell of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from incident_crds.catalogue import SignalName
from incident_crds.diagnosis import EvidenceDocument, EvidenceTable, HealthPoint, SignalEvidence
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.evidence import Evidence
from incident_operator.domain.redaction import redact, redact_name
from incident_operator.domain.sample import Sample

LOOK_BACK = timedelta(minutes=5)
MOST_BYTES = 24_000
"""Of the whole document as JSON: some 8,000 tokens."""
_MOST_ROWS = 20
_MOST_POINTS = 30
_LONGEST_CELL = 300
_LONGEST_READ = 2000
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rows:
    """A table before it is bounded and redacted."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    names: int = 0
    """The first so many columns are names, which an action may have to repeat exactly."""


def build_document(
    evidence: Evidence,
    *,
    breached: Collection[SignalName],
    history: Sequence[Sample],
    policy: HealthPolicy,
    context: Iterable[Rows],
    collected_at: datetime,
) -> EvidenceDocument:
    """The document on one system. `history` is oldest first; `context` is what is known from elsewhere."""
    facts = {name[:64]: _cell(value) for name, value in sorted(evidence.facts.items()) if name != "error"}
    document = EvidenceDocument(
        system=evidence.system,
        type=evidence.type,
        threshold_percent=policy.threshold_percent,
        collected_at=collected_at,
        signals=[
            SignalEvidence(
                name=signal.name,
                health=signal.health,
                breached=signal.name in breached,
                message=_cell(signal.message)[:256],
                history=_thin(signal.name, history, collected_at),
            )
            for signal in evidence.signals[:16]
        ],
        facts=dict(list(facts.items())[:32]),
        tables=[_table(rows) for rows in (*_own_tables(evidence), *context) if rows.rows][:8],
        problem=redact(str(evidence.facts.get("error", "")))[:4096],
    )
    return _fit(document)


def _own_tables(evidence: Evidence) -> Iterable[Rows]:
    yield Rows(
        "keys by prefix, estimated from a sample",
        ("prefix", "keys", "MiB", "keys that expire"),
        [(p.prefix, p.keys, _mib(p.bytes), p.expiring) for p in evidence.prefixes],
        names=1,
    )
    yield Rows(
        "connections by client name",
        ("client", "last command", "connections", "shortest idle seconds", "longest idle seconds"),
        [(g.name, g.command, g.count, g.shortest_idle_seconds, g.longest_idle_seconds) for g in evidence.clients],
        names=1,
    )
    yield Rows(
        "slow commands of the last minute",
        ("client", "command", "times", "milliseconds in all", "milliseconds of the longest"),
        [(s.client, s.command, s.count, s.milliseconds, s.longest_milliseconds) for s in evidence.slow_commands],
        names=1,
    )
    yield Rows(
        "client sessions",
        ("application", "user", "state", "sessions", "longest idle seconds"),
        [(g.application_name, g.user, g.state, g.count, g.longest_idle_seconds) for g in evidence.sessions],
        names=2,
    )
    yield Rows(
        "statements that run, wait or hold a transaction open",
        ("application", "state", "seconds", "waits for", "statement"),
        [(q.application_name, q.state, q.seconds, q.waits_for, q.statement) for q in evidence.statements],
        names=1,
    )
    yield Rows(
        "sessions that others wait for and that wait for nobody",
        ("application", "user", "state", "seconds in transaction", "sessions waiting", "longest wait", "statement"),
        [
            (b.application_name, b.user, b.state, b.seconds, b.blocked, f"{b.longest_wait:.0f} s", b.statement)
            for b in evidence.blockers
        ],
        names=2,
    )
    yield Rows(
        "tables",
        ("table", "live rows", "dead rows", "MiB", "autovacuum", "statistics"),
        [
            (
                t.name,
                t.live,
                t.dead,
                _mib(t.bytes),
                "on" if t.autovacuum else "off",
                "lost" if t.is_unknown else "known",
            )
            for t in evidence.tables
        ],
        names=1,
    )
    yield Rows(
        "largest files",
        ("file", "MiB", "seconds since last write"),
        [(f.path, _mib(f.bytes), f.age_seconds) for f in evidence.files],
        names=1,
    )


def _mib(size: int) -> str:
    return f"{size / _MIB:.2f}"


def _cell(value: object, *, is_name: bool = False) -> str:
    if isinstance(value, float):
        return f"{value:g}" if value < 1e6 else f"{value:.0f}"
    whole = str(value)[:_LONGEST_READ]
    text = redact_name(whole) if is_name else redact(whole)
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def _table(rows: Rows) -> EvidenceTable:
    shown = rows.rows[:_MOST_ROWS]
    return EvidenceTable(
        title=rows.title,
        columns=list(rows.columns),
        rows=[[_cell(value, is_name=n < rows.names) for n, value in enumerate(row)] for row in shown],
        left_out=len(rows.rows) - len(shown),
    )


def _thin(signal: SignalName, history: Sequence[Sample], now: datetime) -> list[HealthPoint]:
    """Where the health changed in the last minutes, and where it began and ended."""
    points: list[HealthPoint] = []
    recent = [s for s in history if now - LOOK_BACK <= s.at <= now]
    for index, sample in enumerate(recent):
        found = sample.signal(signal)
        health = found.health if found else None
        is_edge = index in (0, len(recent) - 1)
        if is_edge or not points or points[-1].health != health:
            points.append(HealthPoint(seconds_ago=max(0, int((now - sample.at).total_seconds())), health=health))
    return points if len(points) <= _MOST_POINTS else [points[0], *points[-(_MOST_POINTS - 1) :]]


def _fit(document: EvidenceDocument) -> EvidenceDocument:
    """Rows of the largest tables are left out until the whole is small enough; how many is said."""
    document = document.model_copy(deep=True)
    while len(orjson.dumps(document.to_json())) > MOST_BYTES:
        largest = max(document.tables, key=lambda t: sum(len(c) for r in t.rows for c in r), default=None)
        if largest is None or not largest.rows:
            document.facts = {}
            break
        drop = max(1, len(largest.rows) // 4)
        largest.rows = largest.rows[:-drop]
        largest.left_out += drop
    return document
