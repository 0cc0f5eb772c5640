"""When a generator makes a synthetic incident, at intervals or asked, and what about. Repeatable with a seed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incident_crds.base import GROUP, ObjectMeta, set_condition
from incident_crds.generator import HandledRequest, IncidentGenerator, IncidentGeneratorStatus, IncidentTemplate
from incident_crds.incident import Incident, IncidentSpec, IncidentType, RemediationMode
from incident_crds.templates import BUILT_IN_TEMPLATES

GENERATOR_LABEL = f"{GROUP}/generator"


@dataclass(frozen=True, slots=True)
class Turn:
    """What is due: make incident number `number` now, or look again at `look_at`, or neither while it is stopped."""

    reason: str
    message: str
    number: int | None = None
    look_at: datetime | None = None


def decide_turn(generator: IncidentGenerator, open_count: int, *, now: datetime) -> Turn:
    """A generator that just began makes its first incident after an interval, not at once."""
    spec, status = generator.spec, generator.status
    if not spec.enabled:
        return Turn("Stopped", "spec.enabled is false")
    number = status.generated + 1
    if status.next_at is None:
        return Turn("Waiting", "the first incident is due after an interval", look_at=now + interval(generator, number))
    if open_count >= spec.max_open:
        text = _too_many(generator, open_count)
        later = now + timedelta(seconds=spec.min_interval_seconds)
        return Turn("TooManyOpen", text, look_at=status.next_at if now < status.next_at else later)
    if now < status.next_at:
        return Turn("Waiting", "the next incident is due at status.nextAt", look_at=status.next_at)
    return Turn("Generating", f"made {number} incidents", number=number)


def interval(generator: IncidentGenerator, number: int) -> timedelta:
    """The pause before incident `number`."""
    spec = generator.spec
    return timedelta(
        seconds=_random(generator, number, "pause").uniform(spec.min_interval_seconds, spec.max_interval_seconds)
    )


def choose_template(generator: IncidentGenerator, number: int) -> IncidentTemplate:
    """The user's own templates where there are any, else the built-in ones."""
    return _random(generator, number, "template").choice(_templates(generator))


def _templates(generator: IncidentGenerator) -> Sequence[IncidentTemplate]:
    return generator.spec.templates or BUILT_IN_TEMPLATES


def _random(generator: IncidentGenerator, which: int | str, what: str) -> random.Random:
    """By number or id and not by state, so that a retry after a crash chooses the same."""
    seed = generator.metadata.uid if generator.spec.seed is None else generator.spec.seed
    return random.Random(f"{seed}/{which}/{what}")  # noqa: S311 - it is practice, not a secret


@dataclass(frozen=True, slots=True)
class Wish:
    """What becomes of a request: the incident of this name, made from the template; or the reason why none is."""

    id: str
    name: str
    template: IncidentTemplate | None
    message: str


def decide_wish(generator: IncidentGenerator, open_count: int, *, is_made: bool) -> Wish | None:
    """Handle the generator's request, or None where there is no new one.

    `is_made`: an incident of the request's name is there already, made before a crash: it counts as one that is open,
    and must not stand in its own way.
    """
    request, handled = generator.spec.request, generator.status.handled_request
    if request is None or (handled is not None and handled.id == request.id):
        return None
    name = requested_name(generator, request.id)
    known = {template.name: template for template in (*BUILT_IN_TEMPLATES, *generator.spec.templates)}
    if request.template is None:
        template = _random(generator, request.id, "request").choice(_templates(generator))
    elif request.template in known:
        template = known[request.template]
    else:
        return Wish(
            request.id, name, None, f"there is no template {request.template}; known are {', '.join(sorted(known))}"
        )
    if open_count >= generator.spec.max_open and not is_made:
        return Wish(request.id, name, None, _too_many(generator, open_count))
    return Wish(request.id, name, template, f"made from template {template.name}")


def _too_many(generator: IncidentGenerator, open_count: int) -> str:
    return f"{open_count} of its incidents are open, and spec.maxOpen is {generator.spec.max_open}"


def requested_name(generator: IncidentGenerator, request_id: str) -> str:
    """The one name that the incident of this request can have."""
    digest = hashlib.sha256(f"{generator.metadata.uid}/{request_id}".encode()).hexdigest()[:12]
    return f"{generator.metadata.name[:200]}-{generator.metadata.uid[:5]}-r{digest}"


def incident_name(generator: IncidentGenerator, number: int) -> str:
    """Of this very generator: a namesake that was deleted had numbers of its own."""
    return f"{generator.metadata.name[:200]}-{generator.metadata.uid[:5]}-{number:05d}"


def build_incident(generator: IncidentGenerator, name: str, template: IncidentTemplate, author: str) -> Incident:
    """Marked synthetic: nothing real is behind it, and no plan may act on it."""
    namespace, owner = generator.key
    return Incident(
        metadata=ObjectMeta(
            name=name,
            namespace=namespace,
            labels={GENERATOR_LABEL: owner} if len(owner) <= 63 else {},
        ),
        spec=IncidentSpec(
            title=template.title,
            description=template.description,
            source=template.source,
            severity=template.severity,
            incident_type=IncidentType.SYNTHETIC,
            remediation_mode=RemediationMode.MANUAL,
            team=template.team,
            generated_by=f"generator {owner}"[:256],
            metadata={"template": template.name, "text": author},
        ),
    )


def is_of(incident: Incident, generator: IncidentGenerator) -> bool:
    """Whether the generator made it."""
    return incident.spec.generated_by == f"generator {generator.metadata.name}"[:256]


def status_after(generator: IncidentGenerator, turn: Turn, *, made: str, now: datetime) -> IncidentGeneratorStatus:
    """The status once the turn was taken; `made` is the incident's name, or empty."""
    generation = generator.metadata.generation
    conditions = set_condition(
        generator.status.conditions,
        "Running",
        generator.spec.enabled,
        reason=turn.reason,
        message=turn.message,
        now=now,
        generation=generation,
    )
    update: dict[str, object] = {"conditions": conditions, "observed_generation": generation, "next_at": turn.look_at}
    if made and turn.number is not None:
        pause = interval(generator, turn.number + 1)
        update |= {"generated": turn.number, "last_incident": made, "next_at": now + pause}
    return generator.status.model_copy(update=update)


def status_with_wish(generator: IncidentGenerator, wish: Wish) -> IncidentGeneratorStatus:
    """The status once the request was handled. The schedule goes on as if there had been none."""
    made = "" if wish.template is None else wish.name
    handled = HandledRequest(id=wish.id, incident=made, message=wish.message[:4096])
    return generator.status.model_copy(update={"handled_request": handled})
