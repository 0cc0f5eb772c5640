"""Prometheus metrics of the operator. Labels are bounded: enums and words of the code only, never a name.

What is counted is counted once: where an object was seen to change (`services/ledger.py`), or where a thing was done.
"""

from __future__ import annotations

from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from incident_crds.apicalls import ApiCall

REGISTRY = CollectorRegistry()
"""Of this process alone: the other one has metrics of the same names."""
for _collector in (ProcessCollector, PlatformCollector, GCCollector):
    _collector(registry=REGISTRY)
_counter = partial(Counter, registry=REGISTRY)
_gauge = partial(Gauge, registry=REGISTRY)
_histogram = partial(Histogram, registry=REGISTRY)

STAGES = ("detect", "acknowledge", "diagnose", "propose", "approve", "execute", "verify", "resolve")
_DELAY_BUCKETS = (
    0.001,
    0.002,
    0.003,
    0.005,
    0.0075,
    0.01,
    0.015,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.5,
    1,
    2.5,
)
_STAGE_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800, 7200)

# Incidents
INCIDENTS_OPEN = _gauge("incidentsim_incidents_open", "Incidents that are not resolved.", ["phase", "severity"])
INCIDENTS_ESCALATED = _gauge("incidentsim_incidents_escalated", "Open incidents that call for a person.")
OLDEST_OPEN = _gauge(
    "incidentsim_incident_oldest_open_seconds", "Age of the oldest incident that is not resolved.", ["severity"]
)
INCIDENTS_OPENED = _counter("incidentsim_incidents_opened_total", "Incidents that were opened.", ["severity"])
INCIDENTS_REOPENED = _counter("incidentsim_incidents_reopened_total", "Incidents that were opened again.", ["severity"])
INCIDENTS_RESOLVED = _counter(
    "incidentsim_incidents_resolved_total", "Incidents that were resolved.", ["severity", "reason"]
)
STAGE_DURATION = _histogram(
    "incidentsim_incident_stage_duration_seconds",
    "Time that incidents about something real took to reach each stage.",
    ["stage"],
    buckets=_STAGE_BUCKETS,
)

# Plans
PLANS = _gauge("incidentsim_plans", "Plans by phase.", ["phase"])
PLAN_WAIT = _gauge("incidentsim_plan_oldest_wait_seconds", "How long the oldest plan has waited for a decision.")
PLAN_DECISIONS = _counter(
    "incidentsim_plan_decisions_total", "Decisions on plans, and requests for one that were refused.", ["decision"]
)
PLANS_ENDED = _counter("incidentsim_plans_ended_total", "Plans that ended, by final phase.", ["phase"])

# Experiments
FAULTS_ACTIVE = _gauge("incidentsim_faults_active", "Faults that are injected and not undone.", ["fault"])
FAULTS_OVERDUE = _gauge("incidentsim_faults_overdue", "Faults that are not undone although their deadline is over.")
STALLED = _gauge("incidentsim_experiments_stalled", "Experiments whose undo failed so often that a person is needed.")
RECOVERY_FAILURES = _counter(
    "incidentsim_fault_recovery_failures_total", "Tries to undo a fault that failed, by target.", ["fault"]
)
EXPERIMENTS_ENDED = _counter("incidentsim_experiments_ended_total", "Experiments that ended.", ["fault", "phase"])
DRILLS_GRADED = _counter("incidentsim_drills_graded_total", "Runs that were graded.", ["fault", "outcome"])
DRILL_FINDINGS = _counter("incidentsim_drill_findings_total", "What graded runs fell short of, by check.", ["check"])

# Systems and probes
SYSTEMS = _gauge("incidentsim_systems", "Systems by type and phase.", ["type", "phase"])
PROBE_AGE = _gauge(
    "incidentsim_probe_age_seconds", "Time since the last sample of the system that was left alone longest.", ["type"]
)
PROBE_DELAY = _histogram(
    "incidentsim_probe_delay_seconds",
    "How late probes began, by the interval since the one before; those that were asked for sooner are left out.",
    ["type"],
    buckets=(
        0.001,
        0.002,
        0.003,
        0.005,
        0.0075,
        0.01,
        0.015,
        0.02,
        0.03,
        0.05,
        0.075,
        0.1,
        0.15,
        0.2,
        0.3,
        0.5,
        1,
        2.5,
    ),
)
SAMPLES = _counter("incidentsim_samples_total", "Samples taken of systems.", ["reachable"])

# Diagnosis
DIAGNOSIS_ATTEMPTS = _counter(
    "incidentsim_diagnosis_attempts_total",
    "Tries at a diagnosis, by who was asked and what came of it.",
    ["provider", "outcome"],
)
LLM_REQUESTS = _counter("incidentsim_llm_requests_total", "Requests to models.", ["provider", "outcome"])
LLM_TOKENS = _counter("incidentsim_llm_tokens_total", "Tokens that models counted.", ["provider", "direction"])
LLM_DURATION = _histogram(
    "incidentsim_llm_request_duration_seconds",
    "Time that requests to models took.",
    ["provider"],
    buckets=(0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 20, 30),
)

# The operator itself
LOOP_LAG = _histogram(
    "incidentsim_loop_lag_seconds",
    "How late the event loop ran.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
QUEUE_DEPTH = _gauge("incidentsim_queue_depth", "Objects that wait to be reconciled.", ["kind"])
API_REQUESTS = _counter(
    "incidentsim_api_requests_total",
    "Requests to the Kubernetes API as this process's own account; code none: not answered.",
    ["verb", "group", "resource", "code"],
)
WATCH_RESTARTS = _counter(
    "incidentsim_watch_restarts_total", "Watches that were begun after the first, by resource.", ["resource"]
)
WATCH_RELISTS = _counter(
    "incidentsim_watch_relists_total", "Lists that a watch had to take after the first, by resource.", ["resource"]
)
WATCH_AGE = _gauge(
    "incidentsim_watch_last_event_age_seconds",
    "Time since a watch told of a change or was begun; in a quiet cluster it grows, too.",
    ["resource"],
)
KILL_SWITCH = _gauge("incidentsim_kill_switch_on", "1 while chaos is halted.")
LEASE_HELD = _gauge("incidentsim_lease_held", "1 in the operator that acts, 0 in one that waits.")
BUILD_INFO = _gauge("incidentsim_build_info", "Always 1; the version is a label.", ["component", "version"])


def count_api_call(call: ApiCall) -> None:
    """Bounded: the paths are the code's own, and objects' names are no part of a call."""
    API_REQUESTS.labels(call.verb, call.group, call.resource, call.code).inc()
