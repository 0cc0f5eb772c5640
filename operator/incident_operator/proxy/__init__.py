"""What stands between a system in the cluster and its clients: it delays answers, and stops and starts the server."""

from __future__ import annotations

from incident_operator.proxy.wrapper import load_wrapper

__all__ = ["load_wrapper"]
