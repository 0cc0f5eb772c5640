"""Writes over REST with kept connections."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from benchmarks.targets.base import TargetFailed

WRITE_SECONDS = 15.0
"""A write without an answer for longer has failed: the server hangs."""


async def send_json(
    session: aiohttp.ClientSession, method: str, url: str, body: Mapping[str, object], headers: Mapping[str, str]
) -> None:
    """Raises TargetFailed where the answer is no success, or does not come."""
    timeout = aiohttp.ClientTimeout(total=WRITE_SECONDS)
    try:
        async with session.request(method, url, json=body, headers=headers, timeout=timeout) as response:
            answer = await response.read()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise TargetFailed(f"{method} {url}: {type(error).__name__}") from error
    if response.status >= 300:
        raise TargetFailed(f"{method} {url}: HTTP {response.status}: {answer[:200].decode(errors='replace')}")
