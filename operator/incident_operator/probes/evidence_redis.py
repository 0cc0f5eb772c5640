"""Which keys take up Redis: a sample, grouped by prefix and scaled up."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass

from incident_operator.domain.evidence import CREATED_MAX_MEMORY, Evidence, PrefixUsage
from incident_operator.domain.sample import Signal
from incident_operator.probes.untrusted import clean_name
from incident_operator.targets.redis import RedisTarget, as_int

_MOST_KEYS = 3000
_LONGEST_SECONDS = 1.0
_PAGE = 500
_MOST_PREFIXES = 20
_FACTS = {
    "memory": ("used_memory", "maxmemory", "maxmemory_policy", "mem_fragmentation_ratio"),
    "clients": ("connected_clients", "maxclients", "blocked_clients"),
    "stats": ("evicted_keys", "expired_keys", "rejected_connections", "instantaneous_ops_per_sec"),
    "server": ("redis_version", "uptime_in_seconds"),
}


@dataclass(slots=True)
class _Group:
    keys: int = 0
    bytes: int = 0
    expiring: int = 0


async def read_redis(target: RedisTarget, system: str, signals: tuple[Signal, ...]) -> Evidence:
    """Keys are sampled in the server's hash order, which has nothing to do with their names."""
    facts: dict[str, float | str] = {}
    for section, names in _FACTS.items():
        info = await target.info(section)
        facts.update({name: _number(info[name]) for name in names if name in info})
    if target.access.max_memory_bytes is not None:
        facts[CREATED_MAX_MEMORY] = float(target.access.max_memory_bytes)
    total = as_int(await target.call("DBSIZE"))
    groups, sampled = await _sample(target)
    scale = max(1.0, total / sampled) if sampled else 1.0
    facts["keys"], facts["sampled_keys"] = float(total), float(sampled)
    found = [
        PrefixUsage(clean_name(prefix), *(round(n * scale) for n in (g.keys, g.bytes, g.expiring)))
        for prefix, g in groups.items()
    ]
    facts["sampled_bytes"] = float(sum(p.bytes for p in found))
    largest = sorted(found, key=lambda p: (-p.bytes, p.prefix))[:_MOST_PREFIXES]
    return Evidence(system=system, type=target.type, signals=signals, prefixes=tuple(largest), facts=facts)


async def _sample(target: RedisTarget) -> tuple[dict[str, _Group], int]:
    groups: dict[str, _Group] = defaultdict(_Group)
    sampled = 0
    end = time.monotonic() + _LONGEST_SECONDS
    async for keys in target.scan(page=_PAGE):
        questions = [(verb, *rest) for key in keys for verb, *rest in (("MEMORY", "USAGE", key), ("PTTL", key))]
        replies = await target.call_many(questions) if questions else []
        for key, size, lifetime in zip(keys, replies[::2], replies[1::2], strict=True):
            if not isinstance(size, int) or not isinstance(lifetime, int):
                continue  # gone since the scan
            group = groups[prefix_of(key.decode("utf-8", "replace"))]
            group.keys += 1
            group.bytes += size
            group.expiring += lifetime >= 0
            sampled += 1
        if sampled >= _MOST_KEYS or time.monotonic() > end:
            break
    return groups, sampled


def prefix_of(key: str) -> str:
    """Up to and with the last colon; a key without one stands for itself."""
    head, colon, _ = key.rpartition(":")
    return f"{head}{colon}" if colon else key


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return clean_name(text)
