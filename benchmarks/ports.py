"""Loopback ports for what the benchmark starts."""

from __future__ import annotations

import random

from incident_local.ports import is_free

_RANGE = range(12000, 20000)
"""Below those that the laptop runtime picks from, and those that Linux gives to outgoing connections."""
_TRIES = 200


def free_port() -> int:
    """One that was free a moment ago."""
    for port in random.sample(_RANGE, _TRIES):
        if is_free(port):
            return port
    raise OSError(f"no free port between {_RANGE.start} and {_RANGE.stop}")
