"""Which keys take up Redis, who is connected to it, and what keeps it busy: a sample, and what it says of itself."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from incident_operator.domain.evidence import (
    CREATED_MAX_CLIENTS,
    CREATED_MAX_MEMORY,
    ClientGroup,
    Evidence,
    PrefixUsage,
    SlowCommand,
)
from incident_operator.domain.sample import Signal
from incident_operator.probes.untrusted import clean_name
from incident_operator.targets import TargetError
from incident_operator.targets.base import OPERATOR_NAME
from incident_operator.targets.redis import RedisTarget, as_int, as_text, parse_info
from incident_operator.targets.redis_clients import Client, read_clients
from incident_operator.targets.redis_link import Reply

_MOST_KEYS = 3000
_LONGEST_SECONDS = 1.0
_SLOW_SECONDS = 0.3
"""A server that takes longer for one answer has no time for a sample, which takes several."""
_PAGE = 500
_MOST_PREFIXES = 20
_MOST_CLIENTS = 20
_MOST_SLOW = 10
_SLOW_ENTRIES = 128
_RECENT_SECONDS = 60
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
    """All but the sample takes one round trip, as a busy server may take half a second for each.

    Keys are sampled in the server's hash order, which has nothing to do with their names.
    """
    started = time.monotonic()
    *infos, size, listing, slow, clock = await target.call_many(
        [
            *(("INFO", section) for section in _FACTS),
            ("DBSIZE",),
            ("CLIENT", "LIST"),
            ("SLOWLOG", "GET", _SLOW_ENTRIES),
            ("TIME",),
        ]
    )
    facts: dict[str, float | str] = {}
    for reply, names in zip(infos, _FACTS.values(), strict=True):
        info = parse_info(_answered(reply))
        facts.update({name: _number(info[name]) for name in names if name in info})
    created = {CREATED_MAX_MEMORY: target.access.max_memory_bytes, CREATED_MAX_CLIENTS: target.access.max_clients}
    facts.update({name: float(limit) for name, limit in created.items() if limit is not None})
    total = as_int(_answered(size))
    is_slow = time.monotonic() - started > _SLOW_SECONDS
    groups, sampled = ({}, 0) if is_slow else await _sample(target, started + _LONGEST_SECONDS)
    scale = max(1.0, total / sampled) if sampled else 1.0
    facts["keys"], facts["sampled_keys"] = float(total), float(sampled)
    found = [
        PrefixUsage(clean_name(prefix), *(round(n * scale) for n in (g.keys, g.bytes, g.expiring)))
        for prefix, g in groups.items()
    ]
    facts["sampled_bytes"] = float(sum(p.bytes for p in found))
    slow_commands = _group_slow(slow, clock)
    return Evidence(
        system=system,
        type=target.type,
        signals=signals,
        prefixes=tuple(sorted(found, key=lambda p: (-p.bytes, p.prefix))[:_MOST_PREFIXES]),
        # rights to what follows may be missing, and the rest is evidence all the same
        clients=() if isinstance(listing, TargetError) else _group_clients(as_text(listing), slow_commands),
        slow_commands=slow_commands,
        facts=facts,
    )


def _answered(reply: Reply | TargetError) -> Reply:
    if isinstance(reply, TargetError):
        raise reply
    return reply


def _group_clients(listing: str, slow: Sequence[SlowCommand]) -> tuple[ClientGroup, ...]:
    """By name, without the operator's own, largest first: the largest, and those that gave slow commands."""
    groups: dict[str, list[Client]] = defaultdict(list)
    for client in read_clients(listing):
        if client.name != OPERATOR_NAME:
            groups[client.name].append(client)
    found = [
        ClientGroup(
            name=clean_name(name),
            command=clean_name(Counter(c.command for c in group).most_common(1)[0][0]),
            count=len(group),
            shortest_idle_seconds=min(c.idle_seconds for c in group),
            longest_idle_seconds=max(c.idle_seconds for c in group),
        )
        for name, group in groups.items()
    ]
    found.sort(key=lambda g: (-g.count, g.name))
    names = {s.client for s in slow}
    return tuple(g for n, g in enumerate(found) if n < _MOST_CLIENTS or g.name in names)


def _group_slow(log: Reply | TargetError, clock: Reply | TargetError) -> tuple[SlowCommand, ...]:
    """Recent entries by client name and command, costliest first; none where the server does not tell."""
    if not isinstance(log, list) or not isinstance(clock, list):
        return ()
    since = int(clock[0]) - _RECENT_SECONDS
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in log:
        if not isinstance(entry, list) or len(entry) < 6:
            continue
        _, at, took, arguments, _, client = entry[:6]
        if at < since or not arguments:
            continue
        name, verb = as_text(client), as_text(arguments[0]).lower()
        if name != OPERATOR_NAME:
            groups[name, verb].append(as_int(took))
    found = [
        SlowCommand(
            client=clean_name(name),
            command=clean_name(verb)[:32],
            count=len(times),
            milliseconds=round(sum(times) / 1000, 1),
            longest_milliseconds=round(max(times) / 1000, 1),
        )
        for (name, verb), times in groups.items()
    ]
    return tuple(sorted(found, key=lambda s: (-s.milliseconds, s.client, s.command))[:_MOST_SLOW])


async def _sample(target: RedisTarget, end: float) -> tuple[dict[str, _Group], int]:
    groups: dict[str, _Group] = defaultdict(_Group)
    sampled = 0
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
