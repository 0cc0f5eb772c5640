"""Moves: by mouse, by menu, by key; refused, in conflict, taken back."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Page, expect

from ..waiting import eventually
from .cards import card, column, drag, is_in
from .conftest import Board, Visit
from .problems import Problems


async def test_a_drag_moves_the_card_that_was_dragged(sre_page: Page, board: Board) -> None:
    """A filter hides others above it: a move by place would move one of those."""
    async with board.door() as door:
        for number in range(3):
            await door.report(message=f"Alpha {number}", team="payments")
            await door.report(message=f"Beta {number}", team="platform")
    page = sre_page
    await page.get_by_role("button", name="Team").click()
    await page.get_by_role("menuitemcheckbox", name="platform").click()
    await page.keyboard.press("Escape")
    await expect(column(page, "Triage").get_by_role("link")).to_have_count(3)
    await expect(column(page, "Triage")).to_contain_text("3 of 6")
    for number in range(3):  # cards change places once more when they are numbered
        await expect(card(page, f"Beta {number}")).to_contain_text("INC-")
    assert "team=platform" in page.url
    await drag(page, "Beta 1", "Investigating")
    await is_in(page, "Beta 1", "Investigating")
    async with board.door() as door:

        async def moved() -> set[str] | None:
            return {i["message"] for i in (await door.get("/incidents?status=investigating")).json} or None

        assert await eventually(moved, "the move") == {"Beta 1"}
    await page.get_by_role("button", name="Undo").click()
    await is_in(page, "Beta 1", "Triage")


async def test_a_refused_move_comes_back_with_the_reason(sre_page: Page, board: Board, problems: Problems) -> None:
    problems.expect("409")
    async with board.door() as door:
        made = await door.report(message="Over")
        assert (await door.patch(f"/incidents/{made['id']}/status", {"status": "resolved"})).status == 200
    page = sre_page
    await is_in(page, "Over", "Resolved")
    await drag(page, "Over", "Fixing")
    messages = page.get_by_role("region", name="Messages")
    await expect(messages).to_contain_text("stays in Resolved")
    await expect(messages).to_contain_text("an incident cannot go from Resolved to Fixing")
    await is_in(page, "Over", "Resolved")


async def test_a_conflict_of_two_hands(visit: Visit, board: Board, problems: Problems) -> None:
    """Both drag the same card at once: one state comes of it, and both boards show that."""
    problems.expect("409")
    async with board.door() as door:
        made = await door.report(message="Wanted")
        one, two = await visit("sre"), await visit("sre")
        await is_in(one, "Wanted", "Triage")
        await is_in(two, "Wanted", "Triage")
        await asyncio.gather(drag(one, "Wanted", "Fixing"), drag(two, "Wanted", "Resolved"))
        await expect(one.get_by_role("region", name="Messages").get_by_role("listitem")).not_to_have_count(0)
        await expect(two.get_by_role("region", name="Messages").get_by_role("listitem")).not_to_have_count(0)
        truth = (await door.get(f"/incidents/{made['id']}")).json["status"].capitalize()
    await is_in(one, "Wanted", truth)
    await is_in(two, "Wanted", truth)


async def test_the_same_by_keyboard_alone(sre_page: Page, board: Board) -> None:
    async with board.door() as door:
        await door.report(message="First")
        await expect(card(sre_page, "First")).to_contain_text("INC-")  # the order is by number then
        await door.report(message="Second")
    page = sre_page
    await expect(card(page, "Second")).to_contain_text("INC-")
    await page.keyboard.press("j")
    await expect(card(page, "Second").get_by_role("link")).to_be_focused()
    await page.keyboard.press("j")
    await expect(card(page, "First").get_by_role("link")).to_be_focused()
    await page.keyboard.press("m")
    await expect(page.get_by_role("menuitem", name="Triage")).to_be_focused()  # and says that it is there now
    for name in ("Investigating", "Fixing"):
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("menuitem", name=name)).to_be_focused()
    await page.keyboard.press("Enter")
    await is_in(page, "First", "Fixing")
    await expect(page.get_by_role("status").filter(has_text="is in Fixing")).to_be_attached()
    # The focus goes along, so that the next key is about the same card.
    await expect(card(page, "First").get_by_role("link")).to_be_focused()
    await page.keyboard.press("m")
    await expect(page.get_by_role("menuitem", name="Triage")).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(card(page, "First").get_by_role("button", name="Move")).to_be_focused()
    await page.keyboard.press("/")
    await page.keyboard.type("second")
    await expect(page.locator("[data-card]")).to_have_count(1)
    await page.keyboard.press("Escape")


async def test_an_unhealthy_system_asks_why_it_is_over(sre_page: Page, board: Board) -> None:
    page = sre_page
    async with board.door() as door:
        assert (await door.post("/experiments", {"scenario": "redis-memory"})).status == 201
        await expect(column(page, "Investigating").get_by_role("link")).to_have_count(1, timeout=20_000)
        await drag(page, "redis-test", "Resolved")
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("redis-test is still unhealthy")
        await expect(dialog.get_by_role("button", name="Resolve it")).to_be_disabled()
        await dialog.get_by_label("Reason").fill("It is being replaced")
        await dialog.get_by_role("button", name="Resolve it").click()
        await is_in(page, "redis-test", "Resolved")

        async def resolved() -> dict[str, Any] | None:
            found = (await door.get("/incidents/resolved")).json
            return found[0] if found else None

        incident = await eventually(resolved, "the incident is over")
    assert incident["resolved_reason"] == "ManualOverride"
    assert incident["status_history"][-1]["reason"] == "It is being replaced"


async def test_who_may_only_look_moves_nothing(viewer_page: Page, board: Board, problems: Problems) -> None:
    async with board.door() as door:
        await door.report(message="Not yours")
    page = viewer_page
    await is_in(page, "Not yours", "Triage")
    await expect(page.get_by_role("button", name="Move INC")).to_have_count(0)
    await expect(page.get_by_role("button", name="New incident")).to_have_count(0)
    await drag(page, "Not yours", "Fixing")
    await is_in(page, "Not yours", "Triage")
    assert problems.seen == []
