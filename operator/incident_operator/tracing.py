"""Sends traces to an OpenTelemetry collector, in the background. One that is dead delays nothing and fails nothing."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from incident_crds import __version__
from incident_operator.domain.trace import SpanFact, TraceFacts

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

MOST_WAITING = 100
"""Traces; more are dropped."""
EXPORT_SECONDS = 10
CLOSE_SECONDS = 2.0
_PATH = "/v1/traces"

log = structlog.get_logger(__name__)


class TracingUnavailable(Exception):
    """The packages of the extra `tracing` are not installed."""


class TraceSender:
    """A bounded queue and one thread, which dies with the process. `send` never waits."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._waiting: queue.Queue[TraceFacts | None] = queue.Queue(MOST_WAITING)
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def send(self, trace: TraceFacts) -> None:
        """Drops it where too many wait."""
        try:
            self._waiting.put_nowait(trace)
        except queue.Full:
            self._fail("too many traces wait")

    async def close(self) -> None:
        """Send what waits, for as long as a stop may take."""
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        await asyncio.to_thread(self._thread.join, CLOSE_SECONDS)

    def _run(self) -> None:
        while (trace := self._waiting.get()) is not None:
            self._export(trace)
        self._exporter.shutdown()

    def _export(self, trace: TraceFacts) -> None:
        from opentelemetry.sdk.trace.export import SpanExportResult

        try:
            result = self._exporter.export(to_spans(trace))
        except Exception:  # the top of the thread's loop: a bug in here, or in the SDK, must not end it
            log.exception("a trace could not be sent")
            return
        if result is SpanExportResult.SUCCESS:
            self._is_failing = False
        else:
            self._fail("the collector did not take it")

    def _fail(self, why: str) -> None:
        """Said once, until one is sent again."""
        if not self._is_failing:
            self._is_failing = True
            log.warning("traces are not sent; see INCIDENTSIM_OTLP_ENDPOINT", reason=why)


def open_sender(endpoint: str) -> TraceSender:
    """`endpoint` is the collector's base address, or the whole address of its traces. Raises TracingUnavailable."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise TracingUnavailable(
            "INCIDENTSIM_OTLP_ENDPOINT is set, but the extra `tracing` is not installed; "
            "install incident-simulator[operator,tracing], or unset it"
        ) from error
    for name in ("opentelemetry.exporter", "opentelemetry.sdk"):  # a line for each try: ours says it once
        logging.getLogger(name).setLevel(logging.CRITICAL)
    base = endpoint.rstrip("/")
    return TraceSender(
        OTLPSpanExporter(endpoint=base if base.endswith(_PATH) else base + _PATH, timeout=EXPORT_SECONDS)
    )


def to_spans(trace: TraceFacts) -> list[ReadableSpan]:
    """The spans as the SDK has them, with the ids that the trace gives them."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

    resource = Resource({"service.name": "incident-operator", "service.version": __version__})
    scope = InstrumentationScope("incident_operator", __version__)

    def context(span: SpanFact) -> SpanContext:
        return SpanContext(trace.trace_id, span.span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    root = trace.spans[0]
    return [
        ReadableSpan(
            name=span.name,
            context=context(span),
            parent=None if span is root else context(root),
            resource=resource,
            attributes=dict(span.attributes),
            start_time=_nanoseconds(span.start),
            end_time=_nanoseconds(span.end),
            status=Status(StatusCode.UNSET) if span.problem is None else Status(StatusCode.ERROR, span.problem),
            instrumentation_scope=scope,
        )
        for span in trace.spans
    ]


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000
