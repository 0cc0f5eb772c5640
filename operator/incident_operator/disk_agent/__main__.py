"""`python -m incident_operator.disk_agent`: configured by the environment, stopped by SIGTERM."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import structlog
from aiohttp import web

from incident_operator.disk_agent.server import build_app
from incident_operator.disk_agent.settings import SettingsError, load_settings


def main() -> int:
    """0 after a signal, 2 where it cannot start."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ]
    )
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"disk agent: {error}", file=sys.stderr)
        return 2
    app = build_app(settings, lambda: datetime.now(UTC))
    try:
        # no access log: the operator asks every second
        web.run_app(app, host=settings.host, port=settings.port, access_log=None, print=None)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        print(f"disk agent: cannot listen on {where}: {error.strerror}; free the port", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
