"""One trace a drill, told to a real receiver of OTLP over HTTP; and a collector that is dead is nobody's trouble."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from incident_crds.catalogue import SystemType
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.incident import Timestamps
from incident_crds.remediationplan import ActionResult, Decision, PlanPhase, RemediationPlan
from incident_operator import tracing
from incident_operator.domain.trace import TraceFacts, build_trace
from incident_operator.tracing import open_sender

from ..domain.factories import NOW, at, incident, plan

SECRET = "carol@example.test"


def drill(*, passed: bool = True) -> ChaosExperiment:
    grade = {"detected": True, "causeCorrect": passed, "actionCorrect": True, "verified": True, "passed": passed}
    return ChaosExperiment.parse(
        {
            "metadata": {
                "name": "redis-memory-x",
                "namespace": "drills",
                "uid": "uid-run",
                "labels": {"incidentsimulator.net/drill": "redis-memory"},
            },
            "spec": {
                "target": {"systemRef": {"name": "redis-test"}},
                "fault": {"type": "RedisMemory", "redisMemory": {}},
            },
            "status": {
                "phase": "Recovered",
                "healedBy": "plan",
                "startedAt": at(0).isoformat(),
                "injectedAt": at(1).isoformat(),
                "recoveredAt": at(31).isoformat(),
                "grade": {"experiment": "redis-memory-x", "grade": grade, "diagnosis": {"provider": "rules"}},
            },
        }
    )


def healed() -> RemediationPlan:
    action = plan().spec.actions[0]
    return plan(
        phase=PlanPhase.SUCCEEDED,
        decision=Decision(approved=True, by=SECRET, via="board", at=at(12), plan_hash="x"),
        action_results=[
            ActionResult(id=action.id, type=action.type, started_at=at(12.5), ended_at=at(13), succeeded=True)
        ],
        verification_started_at=at(13),
        verified_at=at(19),
    )


def trace(*, passed: bool = True) -> TraceFacts:
    stamps = Timestamps(
        breached_at=at(1.5), detected_at=at(2), diagnosed_at=at(5), plan_proposed_at=at(6), resolved_at=at(20)
    )
    made = build_trace(drill(passed=passed), incident(timestamps=stamps), healed(), SystemType.REDIS)
    assert made is not None
    return made


class Collector(ThreadingHTTPServer):
    """Takes what is posted to /v1/traces, as protobuf."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[ExportTraceServiceRequest] = []
        self.came = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        collector = cast("Collector", self.server)
        assert self.path == "/v1/traces"
        assert self.headers["Content-Type"] == "application/x-protobuf"
        collector.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()
        collector.came.set()

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    server.thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_spans_tell_the_drill_from_injection_to_undo() -> None:
    root, *children = trace().spans
    assert (root.name, root.start, root.end, root.problem) == ("drill redis-memory", NOW, at(31), None)
    assert [(s.name, (s.start - NOW).total_seconds(), (s.end - NOW).total_seconds()) for s in children] == [
        ("inject", 0, 1),
        ("detect", 1, 2),
        ("diagnose", 2, 5),
        ("propose", 5, 6),
        ("await approval", 6, 12),
        ("execute RedisEvictPrefix", 12.5, 13),
        ("verify", 13, 19),
        ("resolve", 19, 20),
        ("undo", 20, 31),
    ]
    assert root.attributes["incidentsim.fault.type"] == "RedisMemory"
    assert root.attributes["incidentsim.system.type"] == "Redis"
    assert root.attributes["incidentsim.diagnosis.provider"] == "rules"
    assert SECRET not in repr(trace()), "who approved is nobody's business"


def test_told_twice_it_is_the_same_trace() -> None:
    assert trace() == trace()
    other = drill()
    other = other.model_copy(update={"metadata": other.metadata.model_copy(update={"uid": "another"})})
    again = build_trace(other, None, None, None)
    assert again is not None
    assert again.trace_id != trace().trace_id
    assert len({span.span_id for span in trace().spans}) == len(trace().spans)


def test_what_is_not_graded_or_never_began_has_no_trace() -> None:
    begun = drill()
    for missing in ("grade", "started_at"):
        part = begun.model_copy(update={"status": begun.status.model_copy(update={missing: None})})
        assert build_trace(part, None, None, None) is None


async def test_a_collector_gets_it_as_protobuf(collector: Collector) -> None:
    sender = open_sender(collector.url)
    sender.send(trace(passed=False))
    await sender.close()
    [request] = collector.requests
    [resource] = request.resource_spans
    names = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert names["service.name"] == "incident-operator"
    [scope] = resource.scope_spans
    spans = {span.name: span for span in scope.spans}
    root, detect = spans["drill redis-memory"], spans["detect"]
    assert {span.trace_id for span in scope.spans} == {trace().trace_id.to_bytes(16, "big")}
    assert not root.parent_span_id
    assert detect.parent_span_id == root.span_id
    assert root.start_time_unix_nano == int(NOW.timestamp()) * 10**9
    assert root.status.code == 2
    assert "cause" in root.status.message
    assert detect.status.code == 0


async def test_a_dead_collector_delays_nothing_and_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracing, "EXPORT_SECONDS", 0.5)
    monkeypatch.setattr(tracing, "MOST_WAITING", 3)
    sender = open_sender("http://127.0.0.1:9")
    began = time.monotonic()
    for number in range(20):
        sender.send(replace(trace(), trace_id=number + 1))
    assert time.monotonic() - began < 0.5
    await sender.close()
    assert time.monotonic() - began < 5
    said = capsys.readouterr()
    assert (said.out + said.err).count("traces are not sent") == 1
