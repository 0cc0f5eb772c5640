"""Synthetic incidents: when, about what, and never anything that a plan may act on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from incident_crds.base import ObjectMeta
from incident_crds.generator import IncidentGenerator, IncidentTemplate
from incident_crds.incident import IncidentType
from incident_crds.templates import BUILT_IN_TEMPLATES
from incident_operator.domain.approval import is_actionable
from incident_operator.domain.generating import (
    build_incident,
    choose_template,
    decide_turn,
    interval,
    is_of,
    status_after,
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
    made = build_incident(generator(), 3, BUILT_IN_TEMPLATES[0], "template")
    assert made.metadata.name == "practice-u-00003"
    assert (
        build_incident(generator(uid="0123456789"), 3, BUILT_IN_TEMPLATES[0], "t").metadata.name
        == "practice-01234-00003"
    )
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
    assert all(isinstance(t, IncidentTemplate) and t.description and t.team for t in BUILT_IN_TEMPLATES)
