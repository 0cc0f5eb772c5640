"""An investigation goes on beside everything else, and its finding is handed out once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from incident_crds.errors import ServerUnavailable
from incident_crds.incident import Incident
from incident_crds.remediationplan import RemediationPlan
from incident_operator.services import inquiries as inquiries_module
from incident_operator.services.inquiries import Inquiries
from incident_operator.services.investigation import Finding

from ..domain.factories import NOW, incident

FINDING = cast("Finding", object())


class Detective:
    """Finds something once `answer` is set; counts what it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: asyncio.Future[Finding] = asyncio.get_running_loop().create_future()

    async def investigate(self, _: Incident, __: Sequence[RemediationPlan]) -> Finding:
        self.asked += 1
        return await asyncio.shield(self.answer)


async def test_a_slow_investigation_keeps_nobody_waiting() -> None:
    detective, done = Detective(), asyncio.Queue[tuple[str, str]]()
    inquiries = Inquiries(detective.investigate, on_done=done.put_nowait)
    about = incident()
    for _ in range(3):
        assert inquiries.ask(about, [], attempt=0) is None
        await asyncio.sleep(0)
    assert detective.asked == 1
    detective.answer.set_result(FINDING)
    assert await done.get() == about.key
    assert inquiries.ask(about, [], attempt=0) is FINDING
    assert inquiries.ask(about, [], attempt=0) is None, "the same finding twice"
    await inquiries.close()


async def test_one_that_failed_is_made_again_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiries_module, "FIRST_PAUSE", 0.05)
    detective, done = Detective(), asyncio.Queue[tuple[str, str]]()
    inquiries = Inquiries(detective.investigate, on_done=done.put_nowait)
    detective.answer.set_exception(ServerUnavailable("busy"))
    assert inquiries.ask(incident(), [], attempt=0) is None
    await done.get()
    assert inquiries.ask(incident(), [], attempt=0) is None
    assert inquiries.ask(incident(), [], attempt=0) is None
    assert detective.asked == 1, "it was asked again without a pause"
    await done.get()  # the pause is over
    detective.answer = asyncio.get_running_loop().create_future()
    detective.answer.set_result(FINDING)
    assert inquiries.ask(incident(), [], attempt=0) is None
    await done.get()
    assert inquiries.ask(incident(), [], attempt=0) is FINDING
    await inquiries.close()


async def test_a_newer_question_ends_the_older_one() -> None:
    detective = Detective()
    inquiries = Inquiries(detective.investigate, on_done=lambda _: None)
    assert inquiries.ask(incident(), [], attempt=0) is None
    await asyncio.sleep(0)
    assert inquiries.ask(incident(diagnosis_asked_at=NOW), [], attempt=0) is None
    await asyncio.sleep(0)
    assert detective.asked == 2
    assert inquiries.ask(incident(), [], attempt=0) is None
    await asyncio.sleep(0)
    assert detective.asked == 3, "an answer to a question that was withdrawn"
    await inquiries.close()
