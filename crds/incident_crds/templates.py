"""The built-in templates of synthetic incidents, in words that on-call engineers know."""

from __future__ import annotations

from incident_crds.catalogue import Severity
from incident_crds.generator import IncidentTemplate

BUILT_IN_TEMPLATES: tuple[IncidentTemplate, ...] = (
    IncidentTemplate(
        name="redis-high-memory",
        title="Redis memory usage above 90 %",
        description="used_memory is close to maxmemory; writes are refused now and then, and evictions rise.",
        source="redis-test",
        severity=Severity.P1,
        team="platform",
    ),
    IncidentTemplate(
        name="redis-pool-exhausted",
        title="Redis connection pool exhausted",
        description="Clients wait for a free connection and time out; connected_clients has been flat for minutes.",
        source="redis-test",
        severity=Severity.P1,
        team="platform",
    ),
    IncidentTemplate(
        name="redis-slow-queries",
        title="Slow commands on Redis",
        description="The slow log grows: KEYS and large SORTs take hundreds of milliseconds and hold up all others.",
        source="redis-test",
        severity=Severity.P2,
        team="platform",
    ),
    IncidentTemplate(
        name="postgres-connection-limit",
        title="Postgres close to max_connections",
        description="Most sessions are idle, opened by one application; new log-ins fail with 'too many clients'.",
        source="postgres-test",
        severity=Severity.P1,
        team="database",
    ),
    IncidentTemplate(
        name="postgres-bloat",
        title="Table bloat on Postgres",
        description="A busy table holds many more dead rows than live ones; its scans have become slow.",
        source="postgres-test",
        severity=Severity.P2,
        team="database",
    ),
    IncidentTemplate(
        name="postgres-deadlock",
        title="Deadlocks on Postgres",
        description="Two transactions update the same rows in another order; the server cancels one every few seconds.",
        source="postgres-test",
        severity=Severity.P2,
        team="database",
    ),
    IncidentTemplate(
        name="disk-low",
        title="Disk space below 10 %",
        description="Logs of one service fill the volume; rotation has not run since its last deployment.",
        source="disk-monitor",
        severity=Severity.P2,
        team="platform",
    ),
    IncidentTemplate(
        name="api-gateway-latency",
        title="High latency at the API gateway",
        description="The 99th percentile has been above 2 s for ten minutes, on all routes of one upstream.",
        source="api-gateway",
        severity=Severity.P1,
        team="edge",
    ),
    IncidentTemplate(
        name="auth-login-failures",
        title="Log-in failures at the auth service",
        description="One in five log-ins is refused since the signing key was changed; retries succeed by chance.",
        source="auth-service",
        severity=Severity.P0,
        team="identity",
    ),
    IncidentTemplate(
        name="payment-timeouts",
        title="Payment service times out",
        description="Calls to the payment provider take longer than their deadline; orders stay pending.",
        source="payment-service",
        severity=Severity.P0,
        team="payments",
    ),
)
