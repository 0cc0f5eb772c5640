"""The cache takes the newest of what it is told, whatever the order."""

from __future__ import annotations

from typing import Any, cast

from incident_crds.client import ApiClient
from incident_crds.incident import Incident
from incident_operator.cluster.store import Store
from incident_operator.domain.merge import merge_difference

KEY = ("drills", "memory-1")


def store() -> Store:
    return Store(cast("ApiClient", None))


def raw(version: int, *, uid: str = "a", title: str = "t") -> dict[str, Any]:
    return {
        "metadata": {"name": KEY[1], "namespace": KEY[0], "uid": uid, "resourceVersion": str(version)},
        "spec": {"title": title, "affectedSystems": ["redis-test"]},
    }


def title_in(cache: Store) -> str | None:
    found = cache.get(Incident, KEY)
    return found.spec.title if found else None


def test_an_older_version_never_replaces_a_newer_one() -> None:
    cache = store()
    cache.put_raw(Incident, raw(10, title="new"))
    cache.put_raw(Incident, raw(9, title="old"))
    assert title_in(cache) == "new"


def test_a_late_event_does_not_bring_a_deleted_object_back() -> None:
    cache = store()
    cache.put_raw(Incident, raw(10))
    cache.remove(Incident, KEY, "a", 11)
    cache.put_raw(Incident, raw(10))
    assert title_in(cache) is None
    cache.put_raw(Incident, raw(12, uid="b", title="namesake"))
    cache.remove(Incident, KEY, "a", 11)
    assert title_in(cache) == "namesake"


def test_what_is_not_understood_is_left_out_and_the_rest_goes_on() -> None:
    cache = store()
    cache.put_raw(Incident, {"metadata": {"name": "x"}, "spec": {"title": 7, "severity": "P9"}})
    cache.put_raw(Incident, "garbage")
    cache.put_raw(Incident, raw(1))
    assert [i.metadata.name for i in cache.list_all(Incident)] == [KEY[1]]
    assert [i.metadata.name for i in cache.incidents_of("drills", "redis-test")] == [KEY[1]]


def test_every_change_is_told_once() -> None:
    cache, told = store(), []
    cache.on_change(lambda kind, key, obj: told.append((kind, key, obj is None)))
    cache.put_raw(Incident, raw(1))
    cache.put_raw(Incident, raw(1))
    cache.remove(Incident, KEY, "a", 2)
    assert told == [(Incident, KEY, False), (Incident, KEY, True)]


def test_a_merge_patch_says_only_what_differs() -> None:
    old: dict[str, Any] = {"a": 1, "b": {"c": 1, "d": 2}, "e": [1, 2], "gone": 1}
    new: dict[str, Any] = {"a": 1, "b": {"c": 1, "d": 3}, "e": [1]}
    assert merge_difference(old, new) == {"b": {"d": 3}, "e": [1], "gone": None}
    assert merge_difference(old, old) == {}
