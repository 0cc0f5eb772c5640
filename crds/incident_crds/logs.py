"""Logs: one JSON object a line, or a readable line; with the incident and experiment where there is one."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

SDKS = ("groq", "httpx", "httpcore", "httpx2", "httpcore2", "google", "google_genai", "urllib3", "requests")


def configure_logs(format: Literal["json", "console"], level: str) -> None:
    """Send structlog and the standard library's logs of all libraries through one formatter to stderr.

    A library that sets up handlers of its own, as uvicorn does, has to be told not to.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # the last ones log what is sent and received, prompts and evidence among it; uvicorn says little, and that matters
    for noisy in ("kopf", "aiohttp", "asyncio", "kubernetes", *SDKS):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
