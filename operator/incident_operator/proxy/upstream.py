"""Whether the server takes connections, and since when."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from incident_operator.proxy.settings import Address

_LONGEST_CONNECT_SECONDS = 1.0
# They tell of this process, and nothing of the server
_OWN_TROUBLE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})

log = structlog.get_logger("proxy")


class Upstream:
    """Looks by connecting, as a client would; nothing is sent."""

    def __init__(self, address: Address, clock: Callable[[], datetime]) -> None:
        self.address = address
        self.started_at: datetime | None = None
        """When it began to take connections; None where that was before the proxy first looked."""
        self._clock = clock
        self._was_accepting: bool | None = None

    async def is_accepting(self) -> bool:
        """Raises OSError where this process itself cannot open a connection."""
        try:
            async with asyncio.timeout(_LONGEST_CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(self.address.host, self.address.port)
        except OSError as error:  # TimeoutError is one
            if error.errno in _OWN_TROUBLE:
                raise
            self.note(False)
            return False
        writer.close()
        self.note(True)
        return True

    def note(self, is_accepting: bool) -> None:
        """What somebody who tried to connect has found."""
        if is_accepting == self._was_accepting:
            return
        if is_accepting and self._was_accepting is False:
            self.started_at = self._clock().astimezone(UTC)
        if not is_accepting:
            self.started_at = None
        log.info("the server takes connections" if is_accepting else "the server takes no connections")
        self._was_accepting = is_accepting
