"""When Postgres has forgotten what is in a table: after a crash, or a reset of its statistics."""

from __future__ import annotations

from psycopg import sql

# The table (pg_class c, pg_stat_user_tables s) is large, nobody has analysed or vacuumed it since, and its counters
# account for less than half of the rows that it is known to hold. One of fewer pages cannot hide so many dead rows
# that it matters: a row takes at least 28 bytes and its pointer.
STATISTICS_LOST = sql.SQL("""(
  pg_relation_size(c.oid) >= 5 * current_setting('block_size')::int
  AND s.last_analyze IS NULL AND s.last_autoanalyze IS NULL AND s.last_vacuum IS NULL AND s.last_autovacuum IS NULL
  AND (CASE WHEN c.reltuples > 0 THEN s.n_live_tup + s.n_dead_tup < c.reltuples / 2
       ELSE s.n_live_tup + s.n_dead_tup = 0 END)
)""")
