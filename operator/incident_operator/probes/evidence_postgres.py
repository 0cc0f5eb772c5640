"""Who is connected to Postgres, who waits for whom, and which tables are bloated."""

from __future__ import annotations

from dataclasses import replace

from psycopg import sql

from incident_operator.domain.evidence import (
    BLOCKED_SESSIONS,
    FEWEST_DEAD,
    Evidence,
    SessionGroup,
    Statement,
    TableUsage,
)
from incident_operator.domain.sample import Signal
from incident_operator.probes.untrusted import clean_name
from incident_operator.targets.base import OPERATOR_NAME
from incident_operator.targets.postgres import OWN_SCHEMA, PostgresTarget
from incident_operator.targets.postgres_blockers import read_blocking
from incident_operator.targets.postgres_statistics import STATISTICS_LOST

_SESSIONS = """
SELECT application_name, coalesce(usename::text, ''), coalesce(state, ''), count(*),
       coalesce(max(extract(epoch FROM now() - state_change)) FILTER (WHERE state LIKE 'idle%%'), 0)::int,
       sum(count(*)) OVER ()
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name <> %s AND usename IS DISTINCT FROM %s
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT 30
"""
# Worst first by the signal's own measure: else the table that was measured could be one that is not listed.
_TABLES = sql.SQL("""
SELECT CASE s.schemaname WHEN 'public' THEN '' ELSE s.schemaname || '.' END || s.relname, s.n_live_tup, s.n_dead_tup,
       pg_total_relation_size(s.relid),
       NOT coalesce(c.reloptions && '{{autovacuum_enabled=off,autovacuum_enabled=false,autovacuum_enabled=0}}', false),
       {lost}
FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
WHERE s.schemaname <> %s
ORDER BY s.n_dead_tup >= %s DESC, 6 DESC, s.n_dead_tup::float8 / greatest(s.n_live_tup, 1) DESC, s.n_dead_tup DESC, 1
LIMIT 30
""").format(lost=STATISTICS_LOST)
# Who waits comes first, then who holds a transaction open for the longest. In a pile-up pg_blocking_pids is dear: it is
# asked once for each who waits, and names are looked up for those that are shown.
_STATEMENTS = """
WITH activity AS MATERIALIZED (
  SELECT *, CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS blockers
  FROM pg_stat_activity
), shown AS MATERIALIZED (
  SELECT application_name, coalesce(state, '') AS state,
         coalesce(extract(epoch FROM now() - coalesce(xact_start, query_start)), 0)::int AS seconds,
         blockers, left(query, 200) AS query
  FROM activity
  WHERE backend_type = 'client backend' AND application_name <> %s AND usename IS DISTINCT FROM %s
    AND (state <> 'idle' OR cardinality(blockers) > 0)
  ORDER BY cardinality(blockers) DESC, 3 DESC, 1 LIMIT 15
)
SELECT application_name, state, seconds,
       coalesce((SELECT string_agg(DISTINCT b.application_name, ', ') FROM activity b
                 WHERE b.pid = ANY (s.blockers)), ''),
       query
FROM shown s ORDER BY cardinality(blockers) DESC, seconds DESC, application_name
"""
_SETTINGS = """
SELECT name, setting FROM pg_settings WHERE name IN ('max_connections', 'superuser_reserved_connections',
  'autovacuum', 'idle_session_timeout', 'server_version') ORDER BY name
"""


async def read_postgres(target: PostgresTarget, system: str, signals: tuple[Signal, ...]) -> Evidence:
    """Our own sessions and our own schema are left out."""
    sessions = await target.execute(_SESSIONS, (OPERATOR_NAME, target.access.username))
    tables = await target.execute(_TABLES, (OWN_SCHEMA, FEWEST_DEAD))
    statements = await target.execute(_STATEMENTS, (OPERATOR_NAME, target.access.username))
    blocking = await read_blocking(target)
    settings = await target.execute(_SETTINGS)
    return Evidence(
        system=system,
        type=target.type,
        signals=signals,
        sessions=tuple(
            SessionGroup(clean_name(name), clean_name(user), state, int(count), int(idle))
            for name, user, state, count, idle, _ in sessions
        ),
        statements=tuple(
            Statement(clean_name(name), state, int(seconds), clean_name(blocker), clean_name(query))
            for name, state, seconds, blocker, query in statements
        ),
        blockers=tuple(
            replace(
                b,
                application_name=clean_name(b.application_name),
                user=clean_name(b.user),
                statement=clean_name(b.statement),
            )
            for b in blocking.blockers
        ),
        tables=tuple(
            TableUsage(clean_name(name), int(live), int(dead), int(size), bool(autovacuum), bool(is_unknown))
            for name, live, dead, size, autovacuum, is_unknown in tables
        ),
        facts={str(name): _number(str(value)) for name, value in settings}
        | {
            "client_sessions": float(sessions[0][5]) if sessions else 0.0,
            BLOCKED_SESSIONS: float(blocking.blocked),
        },
    )


def _number(text: str) -> float | str:
    return float(text) if text.isdigit() else clean_name(text)
