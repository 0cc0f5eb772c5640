"""The application that uses the systems, as clients do: through their proxies, with ordinary rights."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from incident_local.processes import Command
from incident_local.settings import child_environment
from incident_local.state import StateFolder
from incident_local.supervisor import OnExit, Service
from incident_local.systems import postgres, redis
from incident_local.systems.proxy import Proxy

NAME = "shop"
DEPENDS_ON: Mapping[str, tuple[str, ...]] = {postgres.NAME: (redis.NAME,)}
"""Whose trouble can be the cause of whose: the shop's requests hold a session while they wait for the cache."""


def build_shop(proxies: Mapping[str, Proxy], state: StateFolder) -> Service:
    """Say how it is started. It goes on asking while a system is down, so there is nothing to wait for."""
    environment = child_environment(
        INCIDENTSIM_SHOP_POSTGRES=proxies[postgres.NAME].client_endpoint,
        INCIDENTSIM_SHOP_POSTGRES_PASSWORD_FILE=str(state.secrets / f"{postgres.NAME}.app.password"),
        INCIDENTSIM_SHOP_REDIS=proxies[redis.NAME].client_endpoint,
        INCIDENTSIM_SHOP_REDIS_PASSWORD_FILE=str(state.secrets / f"{redis.NAME}.app.password"),
    )
    argv = (sys.executable, "-m", "incident_operator.shop")
    return Service(Command(NAME, argv, state.logs / f"{NAME}.log", environment), _is_ready, OnExit.RESTART)


async def _is_ready() -> bool:
    return True
