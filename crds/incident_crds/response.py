"""How a connection to the API server ends."""

from __future__ import annotations

from typing import Any

import aiohttp
from typing_extensions import override


class AbruptResponse(aiohttp.ClientResponse):
    """Hangs up at once where its body was not read to the end, as that of a watch never is.

    A polite end over TLS waits for the server's goodbye, in the background and for up to half a
    minute; a process that ends meanwhile would leave the socket behind.
    """

    @override
    def close(self) -> None:
        self._hang_up()
        super().close()

    @override
    def release(self) -> Any:
        self._hang_up()
        return super().release()

    def _hang_up(self) -> None:
        connection = self.connection  # given back already where the body was read
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
