"""The whole drill on the board: broken, noticed, read, approved, healed, graded."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from incident_crds.action import Action
from incident_crds.catalogue import ActionType, Risk
from incident_crds.incident import Incident

from ..loop.drive import Driver
from ..waiting import eventually
from .cards import card, column, is_in
from .conftest import Board, Visit

INCIDENT = "redis-test:"
"""How its title begins; whether the memory or a canary is noticed first is chance."""
HEALED_MS = 30_000
"""Detection, diagnosis, the approval's round trip, the action and its hold window of five seconds."""


async def is_graded(board: Board) -> None:
    """What the board showed is what happened."""
    async with board.door() as door:

        async def grade() -> Any:
            (experiment,) = (await door.get("/experiments")).json
            return experiment["grade"]

        report = await eventually(grade, "the grade")
        (plan,) = (await door.get("/plans")).json
    assert report["grade"] == {
        "detected": True,
        "cause_correct": True,
        "action_correct": True,
        "verified": True,
        "residue": 0,
        "collateral": 0,
        "passed": True,
    }
    assert (plan["decision"]["by"], plan["decision"]["via"]) == ("sre", "api")
    assert plan["decision"]["plan_hash"] == plan["plan_hash"]


def details(page: Page) -> Locator:
    return page.get_by_role("dialog", name=re.compile(INCIDENT))


async def test_by_mouse(sre_page: Page, board: Board) -> None:
    page = sre_page
    broken = page.get_by_role("button", name="Break redis-test")
    await broken.click()
    await page.get_by_role("menuitem", name="Redis memory full").click()
    await expect(page.get_by_role("button", name="Stop")).to_be_visible(timeout=HEALED_MS)
    await is_in(page, INCIDENT, "Investigating")
    await expect(card(page, INCIDENT)).to_contain_text("Awaiting approval")
    await broken.click()
    await expect(page.get_by_role("menuitem", name=re.compile("^Redis memory full"))).to_be_disabled()
    await page.keyboard.press("Escape")
    await card(page, INCIDENT).get_by_role("link").click()
    dialog = details(page)
    await expect(dialog.get_by_role("region", name="Diagnosis")).to_contain_text("keys that begin with")
    await expect(dialog.get_by_role("region", name="Story")).to_contain_text("Injected")
    await dialog.get_by_role("button", name="Review and approve").click()
    approval = page.get_by_role("dialog", name="Approve this plan?")
    async with board.door() as door:
        (plan,) = (await door.get("/plans")).json
    await expect(approval).to_contain_text(plan["plan_hash"])
    await expect(approval).to_contain_text("sre (signed in by cookie)")
    await approval.get_by_role("button", name="Approve the plan").click()
    await expect(approval).to_have_count(0)
    await expect(dialog.get_by_role("region", name="Grade of the drill")).to_contain_text("Passed", timeout=HEALED_MS)
    await expect(dialog.get_by_role("region", name="Plan")).to_contain_text("Succeeded")
    await dialog.get_by_role("button", name="Close").click()
    await is_in(page, INCIDENT, "Resolved")
    await expect(card(page, INCIDENT)).to_contain_text("Healed and proven")
    assert page.url == f"{board.url}/"
    await is_graded(board)


async def test_by_keyboard_alone(sre_page: Page, board: Board) -> None:
    page, keys = sre_page, sre_page.keyboard
    await expect(page.get_by_role("region", name="Triage")).to_be_visible()
    await keys.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await keys.type("redis-memory")
    await expect(page.get_by_role("option", name="Run drill: Redis memory")).to_be_visible()
    await keys.press("Enter")
    await expect(column(page, "Investigating")).to_contain_text("Awaiting approval", timeout=HEALED_MS)
    await expect(page.get_by_role("dialog")).to_have_count(0)  # a palette that is just closing still takes keys
    await keys.press("j")
    await expect(card(page, INCIDENT).get_by_role("link")).to_be_focused()
    await keys.press("a")
    approval = page.get_by_role("dialog", name="Approve this plan?")
    await expect(approval).to_be_visible()
    approve = approval.get_by_role("button", name="Approve the plan")
    for _ in range(12):
        if await approve.evaluate("button => button === document.activeElement"):
            break
        await keys.press("Tab")
    await expect(approve).to_be_focused()
    await keys.press("Enter")
    await expect(details(page).get_by_role("region", name="Grade of the drill")).to_contain_text(
        "Passed", timeout=HEALED_MS
    )
    await keys.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await is_in(page, INCIDENT, "Resolved")
    await is_graded(board)


async def test_the_guide_leads_a_newcomer_through(visit: Visit, board: Board) -> None:
    """Only what the guide offers is pressed, and every step ticks off by what happened."""
    page = await visit("sre", with_guide=True)
    guide = page.get_by_role("complementary", name="Guide")
    await guide.get_by_role("button", name="Break Redis").click()
    await guide.get_by_role("link", name=re.compile("Read INC-")).click(timeout=HEALED_MS)
    await expect(details(page)).to_contain_text("keys that begin with")
    await details(page).get_by_role("button", name="Close").click()
    await guide.get_by_role("link", name="Read the plan and decide").click()
    await page.get_by_role("button", name="Approve the plan").click()
    await details(page).get_by_role("button", name="Close").click()
    await expect(guide).to_contain_text("Graded, done", timeout=HEALED_MS)
    await expect(guide).to_contain_text("Passed")
    await is_graded(board)


async def test_who_may_not_approve_reads_and_is_told_who_may(viewer_page: Page, board: Board) -> None:
    page = viewer_page
    async with board.door() as door:
        await door.post("/experiments", {"scenario": "redis-memory"})
        await expect(card(page, INCIDENT)).to_contain_text("Awaiting approval", timeout=HEALED_MS)
        (plan,) = (await door.get("/plans")).json
    await expect(page.get_by_role("button", name="Break")).to_have_count(0)
    await card(page, INCIDENT).get_by_role("link").click()
    dialog = details(page)
    await expect(dialog.get_by_role("region", name="Plan")).to_contain_text("Delete the keys with a prefix")
    await expect(dialog).to_contain_text("incidentsim-approver")
    for name in ("Review", "Reject", "Acknowledge", "Assign", "Move", "Write"):
        await expect(dialog.get_by_role("button", name=name)).to_have_count(0)
    await page.goto(f"{page.url}?decide={plan['name']}")
    await expect(page.get_by_role("dialog", name="The plan")).to_be_visible()
    await expect(page.get_by_role("button", name="Approve the plan")).to_have_count(0)


async def test_a_plan_of_high_risk_takes_a_typed_word(sre_page: Page, board: Board) -> None:
    """Somebody proposes to wipe the cache; and then a second decision is told about the first."""
    page = sre_page
    async with board.stack.client("sre") as client:
        driver = Driver(client)
        await driver.start("redis-memory")
        like = await driver.plan_awaiting()
        wipe = Action(id="wipe", type=ActionType.REDIS_CLEAR_CACHE, system="redis-test", risk=Risk.HIGH)
        plan = await driver.propose(like, wipe)
        incident = await client.get(Incident, *(plan.metadata.namespace, plan.spec.incident_ref))
        await page.goto(f"{board.url}/incidents/{incident.status.number}?decide={plan.metadata.name}")
        dialog = page.get_by_role("dialog", name="Approve this plan?")
        approve = dialog.get_by_role("button", name="Approve the plan")
        await expect(approve).to_be_disabled()
        await dialog.get_by_label("type redis-test to approve").fill("redis")
        await expect(approve).to_be_disabled()
        await dialog.get_by_label("type redis-test to approve").fill("redis-test")
        await expect(approve).to_be_enabled()
        await driver.reject(plan, "It destroys what is healthy")
    decided = page.get_by_role("dialog", name="The plan")
    await expect(decided).to_contain_text("It destroys what is healthy")
    await expect(decided.get_by_role("button", name="Approve the plan")).to_have_count(0)
