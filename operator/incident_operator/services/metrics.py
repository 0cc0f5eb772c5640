"""Prometheus metrics of the operator. Labels are bounded: enums only, never a name."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_STAGE_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800)

PLAN_DECISIONS = Counter("incidentsim_plan_decisions_total", "Decisions on plans.", ["decision"])
PLANS_ENDED = Counter("incidentsim_plans_ended_total", "Plans that ended, by final phase.", ["phase"])
EXPERIMENTS_ENDED = Counter("incidentsim_experiments_ended_total", "Experiments that ended.", ["fault", "phase"])
FAULTS_ACTIVE = Gauge("incidentsim_faults_active", "Faults that are injected and not undone.", ["fault"])
RECOVERY_FAILURES = Counter("incidentsim_recovery_failures_total", "Tries to undo a fault that failed.", ["fault"])
INCIDENTS_OPEN = Gauge("incidentsim_incidents_open", "Incidents that are not resolved.", ["phase", "severity"])
STAGE_SECONDS = Histogram(
    "incidentsim_stage_seconds", "Time that graded runs took to each stage.", ["stage"], buckets=_STAGE_BUCKETS
)
SAMPLES = Counter("incidentsim_samples_total", "Samples taken of systems.", ["reachable"])
QUEUE_DEPTH = Gauge("incidentsim_queue_depth", "Objects that wait to be reconciled.", ["kind"])
LOOP_LAG = Gauge("incidentsim_loop_lag_seconds", "How late the operator's event loop last ran.")
