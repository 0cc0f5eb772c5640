"""Synthetic incidents: when, about what, and never anything that a plan may act on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from incident_crds.base import ObjectMeta
from incident_crds.generator import HandledRequest, IncidentGenerator
from incident_crds.incident import IncidentType
from incident_crds.templates import BUILT_IN_TEMPLATES
from incident_operator.domain.approval import is_actionable
from incident_operator.domain.generating import (
    build_incident,
    choose_template,
    decide_turn,
    decide_wish,
    incident_name,
    interval,
    is_of,
    requested_name,
    status_after,
    status_with_wish,
)

from .factories import NOW, at


def generator(*, uid: str = "u", next_at: datetime | None = None, generated: int = 0, **spec: Any) -> IncidentGenerator:
    made = IncidentGenerator.model_validate({"spec": spec})
    made.metadata = ObjectMeta(name="practice", namespace="drills", uid=uid, generation=3)
    made.status = made.status.model_copy(update={"next_at": next_at, "generated": generated})
    return made


@pytest.mark.parametrize(
    ("made", "open_count", "reason", "number"),
    [
        (generator(enabled=False), 0, "Stopped", None),
        (generator(), 0, "Waiting", None),
        (generator(next_at=at(1)), 0, "Waiting", None),
        (generator(next_at=at(0)), 0, "Generating", 1),
        (generator(next_at=at(-999), generated=7), 0, "Generating", 8),
        (generator(next_at=at(0), maxOpen=2), 2, "TooManyOpen", None),
        (generator(next_at=at(9), maxOpen=2), 2, "TooManyOpen", None),
    ],
)
def test_one_is_made_when_it_is_due(made: IncidentGenerator, open_count: int, reason: str, number: int | None) -> None:
    turn = decide_turn(made, open_count, now=NOW)
    assert (turn.reason, turn.number) == (reason, number)
    assert (turn.look_at is None) == (reason in ("Stopped", "Generating"))


def test_intervals_are_within_their_bounds_and_repeat_with_the_seed() -> None:
    pauses = [interval(generator(seed=7), n) for n in range(1, 200)]
    assert all(timedelta(seconds=120) <= p <= timedelta(seconds=300) for p in pauses)
    assert len(set(pauses)) > 150
    assert pauses == [interval(generator(seed=7, uid="other"), n) for n in range(1, 200)]
    assert pauses != [interval(generator(seed=8), n) for n in range(1, 200)]
    assert [interval(generator(uid="a"), 1)] != [interval(generator(uid="b"), 1)]


def test_every_template_comes_up_and_one_s_own_take_their_place() -> None:
    chosen = {choose_template(generator(seed=1), n).name for n in range(200)}
    assert chosen == {template.name for template in BUILT_IN_TEMPLATES}
    own = [{"name": "mine", "title": "My own trouble"}]
    assert {choose_template(generator(templates=own), n).name for n in range(20)} == {"mine"}


def test_what_is_made_is_synthetic_and_never_actionable() -> None:
    assert incident_name(generator(), 3) == "practice-u-00003"
    assert incident_name(generator(uid="0123456789"), 3) == "practice-01234-00003"
    made = build_incident(generator(), "practice-u-00003", BUILT_IN_TEMPLATES[0], "template")
    assert made.metadata.name == "practice-u-00003"
    assert made.spec.incident_type is IncidentType.SYNTHETIC
    assert made.spec.affected_systems == []
    assert not is_actionable(made, ["redis-test"])
    assert is_of(made, generator())


def test_after_one_is_made_the_next_is_due_after_its_own_interval() -> None:
    made = generator(next_at=NOW, seed=7)
    turn = decide_turn(made, 0, now=NOW)
    status = status_after(made, turn, made="practice-00001", now=NOW)
    assert (status.generated, status.last_incident) == (1, "practice-00001")
    assert status.next_at == NOW + interval(made, 2)
    (running,) = status.conditions
    assert (running.type, running.status, running.observed_generation) == ("Running", "True", 3)


def test_the_library_names_each_template_once_and_covers_the_known_sources() -> None:
    names = [template.name for template in BUILT_IN_TEMPLATES]
    assert len(names) == len(set(names)) == 10
    sources = {template.source for template in BUILT_IN_TEMPLATES}
    assert sources == {
        "redis-test",
        "postgres-test",
        "disk-monitor",
        "api-gateway",
        "auth-service",
        "payment-service",
    }
    assert all(t.description and t.team for t in BUILT_IN_TEMPLATES)


OWN = [{"name": "mine", "title": "My own trouble"}, {"name": "disk-low", "title": "My own disk"}]


@pytest.mark.parametrize(
    ("template", "spec", "open_count", "is_made", "title"),
    [
        ("disk-low", {}, 0, False, "Disk space below 10 %"),
        ("disk-low", {"templates": OWN}, 0, False, "My own disk"),
        ("mine", {"templates": OWN}, 0, False, "My own trouble"),
        ("redis-high-memory", {"templates": OWN}, 0, False, "Redis memory usage above 90 %"),
        ("disk-low", {"enabled": False}, 0, False, "Disk space below 10 %"),
        ("disk-low", {"maxOpen": 2}, 1, False, "Disk space below 10 %"),
        ("disk-low", {"maxOpen": 2}, 2, True, "Disk space below 10 %"),
    ],
)
def test_what_is_asked_for_is_made_whatever_the_interval(
    template: str, spec: dict[str, Any], open_count: int, is_made: bool, title: str
) -> None:
    wish = decide_wish(generator(request={"id": "r1", "template": template}, **spec), open_count, is_made=is_made)
    assert wish is not None
    assert wish.template is not None
    assert (wish.template.title, wish.message) == (title, f"made from template {template}")


@pytest.mark.parametrize(
    ("template", "spec", "open_count", "says"),
    [
        ("disk-hot", {}, 0, "no template disk-hot; known are api-gateway-latency, auth-login-failures, disk-low"),
        ("disk-hot", {"templates": OWN}, 9, ", disk-low, mine, payment-timeouts"),
        ("disk-low", {"maxOpen": 2}, 2, "2 of its incidents are open, and spec.maxOpen is 2"),
        (None, {"maxOpen": 2}, 3, "spec.maxOpen is 2"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(
    template: str | None, spec: dict[str, Any], open_count: int, says: str
) -> None:
    made = generator(request={"id": "r1", "template": template}, **spec)
    wish = decide_wish(made, open_count, is_made=False)
    assert wish is not None
    assert wish.template is None
    handled = status_with_wish(made, wish).handled_request
    assert handled is not None
    assert (handled.id, handled.incident) == ("r1", "")
    assert says in handled.message


def test_a_template_that_is_not_named_follows_from_the_id() -> None:
    chosen = []
    for n in range(200):
        wish = decide_wish(generator(request={"id": f"r{n}"}), 0, is_made=False)
        assert wish is not None
        assert wish.template is not None
        chosen.append(wish.template.name)
        assert decide_wish(generator(request={"id": f"r{n}"}), 5, is_made=False) == wish
    assert set(chosen) == {template.name for template in BUILT_IN_TEMPLATES}
    own = decide_wish(generator(request={"id": "r1"}, templates=OWN[:1]), 0, is_made=False)
    assert own is not None
    assert own.template is not None
    assert own.template.name == "mine"


def test_a_request_is_handled_once_and_leaves_the_schedule_alone() -> None:
    made = generator(request={"id": "r1", "template": "disk-low"}, next_at=at(60), generated=7)
    wish = decide_wish(made, 0, is_made=False)
    assert wish is not None
    after = status_with_wish(made, wish)
    assert after.handled_request == HandledRequest(id="r1", incident=wish.name, message="made from template disk-low")
    assert after.model_copy(update={"handled_request": None}) == made.status
    made.status = after
    assert decide_wish(made, 0, is_made=False) is None
    assert decide_wish(generator(), 0, is_made=False) is None


def test_the_name_of_what_is_asked_for_follows_from_generator_and_id() -> None:
    names = {requested_name(generator(uid=uid), id) for uid in ("u", "v") for id in ("r1", "r2", "1")}
    assert len(names) == 6
    assert requested_name(generator(uid="0123456789"), "r1") == "practice-01234-r0aff2c8fd088"
    assert not any(name == incident_name(generator(), n) for n in range(1, 50) for name in names)


def test_a_long_list_of_templates_still_fits_the_message() -> None:
    many = [{"name": f"t{n:062d}", "title": "x"} for n in range(64)]
    made = generator(request={"id": "r1", "template": "none"}, templates=many)
    wish = decide_wish(made, 0, is_made=False)
    assert wish is not None
    assert status_with_wish(made, wish).handled_request is not None
