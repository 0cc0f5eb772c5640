"""`python -m incident_operator.shop`: configured by the environment, stopped by SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress

import structlog

from incident_operator.shop.service import Shop
from incident_operator.shop.settings import SettingsError, ShopSettings, load_settings


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
        asyncio.run(_serve(load_settings()))
    except SettingsError as error:
        print(f"shop: {error}", file=sys.stderr)
        return 2
    return 0


async def _serve(settings: ShopSettings) -> None:
    shop = Shop(settings)
    serving = asyncio.create_task(shop.serve_forever())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await serving
    finally:
        await shop.close()


if __name__ == "__main__":
    sys.exit(main())
