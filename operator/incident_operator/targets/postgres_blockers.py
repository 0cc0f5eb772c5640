"""Who holds up whom in Postgres: the sessions at the head of each queue for a lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from incident_operator.domain.evidence import Blocker
from incident_operator.targets.base import OPERATOR_NAME
from incident_operator.targets.postgres import PostgresTarget

# pg_blocking_pids names also those who wait further ahead in the same queue, and takes the lock manager's own locks:
# so it is asked once for each session that waits, and who waits for somebody else is at no queue's head.
# A session's id is the one that the server's log has for it (%c): a pid alone may be another's soon.
_BLOCKERS: LiteralString = """
WITH RECURSIVE activity AS MATERIALIZED (
  SELECT *, backend_type = 'client backend' AND application_name <> %s AS is_client FROM pg_stat_activity
), waits AS MATERIALIZED (
  SELECT pid, unnest(pg_blocking_pids(pid)) AS blocker FROM activity WHERE wait_event_type = 'Lock'
), chains (head, pid) AS (
  SELECT blocker, pid FROM waits WHERE blocker NOT IN (SELECT pid FROM waits)
  UNION
  SELECT c.head, w.pid FROM chains c JOIN waits w ON w.blocker = c.pid
), total AS (
  SELECT count(*) AS sessions FROM activity WHERE is_client AND pid IN (SELECT pid FROM waits)
), blocked AS (
  SELECT c.head, count(*) AS sessions, max(extract(epoch FROM now() - a.query_start)) AS seconds
  FROM chains c JOIN activity a ON a.pid = c.pid AND a.is_client GROUP BY c.head
)
SELECT t.sessions, to_hex(trunc(extract(epoch FROM a.backend_start))::bigint) || '.' || to_hex(a.pid),
       a.application_name, coalesce(a.usename::text, ''), coalesce(a.state, ''),
       coalesce(extract(epoch FROM now() - coalesce(a.xact_start, a.query_start)), 0)::int,
       b.sessions, greatest(b.seconds, 0)::float8, left(a.query, 200)
FROM total t LEFT JOIN (blocked b JOIN activity a ON a.pid = b.head AND a.is_client) ON true
ORDER BY b.sessions DESC, b.seconds DESC, 1 LIMIT 50
"""
_END: LiteralString = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE to_hex(trunc(extract(epoch FROM backend_start))::bigint) || '.' || to_hex(pid) = ANY (%s)
  AND backend_type = 'client backend' AND application_name <> %s AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Blocking:
    """All of them, who holds up most first; at most 50."""

    blocked: int
    """Clients' sessions that wait for a lock, whoever has it."""
    blockers: tuple[Blocker, ...]


async def read_blocking(postgres: PostgresTarget) -> Blocking:
    """As the server shows it now. The operator's own sessions, and autovacuum's, are never among the blockers."""
    rows = await postgres.execute(_BLOCKERS, (OPERATOR_NAME,))
    return Blocking(
        blocked=int(rows[0][0]),
        blockers=tuple(
            Blocker(session, name, user, state, int(seconds), int(blocked), float(longest), query)
            for _, session, name, user, state, seconds, blocked, longest, query in rows
            if session is not None
        ),
    )


async def end_blockers(postgres: PostgresTarget, sessions: list[str]) -> int:
    """Tell these sessions to end; how many of them there were."""
    return len(await postgres.execute(_END, (sessions, OPERATOR_NAME)))
