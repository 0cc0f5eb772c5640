"""The board follows: other people, a connection that is cut, a session that ends."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, expect

from ..waiting import eventually
from .cards import card, column, is_in
from .conftest import Board, Visit
from .problems import Problems
from .relay import Relay

CHANGES = 50


async def test_two_browsers_see_each_other_and_the_same(visit: Visit, board: Board) -> None:
    one, two = await visit("sre"), await visit("viewer")
    await expect(one.get_by_role("list", name="Here now: 2")).to_be_visible()
    async with board.door() as door:
        made = await door.report(message="Seen by both")
        await is_in(two, "Seen by both", "Triage")
        await door.patch(f"/incidents/{made['id']}/status", {"status": "fixing"})
    await is_in(one, "Seen by both", "Fixing")
    await is_in(two, "Seen by both", "Fixing")
    await card(one, "Seen by both").get_by_role("link").click()
    await expect(card(two, "Seen by both").get_by_role("img", name="looks at INC-")).to_be_visible()
    await two.context.close()
    await expect(one.locator("[aria-label='Here now: 1']")).to_be_attached()  # behind the dialog


async def test_a_minute_without_a_connection_loses_no_change(
    visit: Visit, board: Board, relay: Relay, problems: Problems
) -> None:
    """The page's own clock is turned, so that a minute does not take one."""
    problems.expect("ERR_|WebSocket|Failed to load resource")
    page = await visit("sre", at=relay.url)
    async with board.door() as door:
        first = await door.report(message="Before the cut")
        gone = await door.report(message="Soon gone")
        await is_in(page, "Soon gone", "Triage")
        await page.clock.install()
        await relay.cut()
        banner = page.locator("[data-banner=connection]")
        await expect(banner).to_contain_text("Reconnecting, last update")
        await asyncio.gather(*(door.report(message=f"Meanwhile {number}") for number in range(CHANGES - 2)))
        await door.patch(f"/incidents/{first['id']}/status", {"status": "fixing"})
        await door.delete(f"/incidents/{gone['id']}")
        await page.clock.run_for(60_000)
        await expect(banner).to_contain_text("min")
        await relay.restore()
        await page.clock.run_for(20_000)
        await expect(banner).to_have_count(0)
        await is_in(page, "Before the cut", "Fixing")
        await expect(card(page, "Soon gone")).to_have_count(0)
        await expect(column(page, "Triage").get_by_role("heading")).to_contain_text(str(CHANGES - 2))

        async def numbered() -> set[str] | None:
            numbers = {i["number"] for i in (await door.get("/incidents?status=triage")).json}
            return None if "" in numbers else numbers

        told = await eventually(numbered, "a number for each")
    await page.get_by_role("button", name="more").click()
    for number in told:
        await expect(card(column(page, "Triage"), number)).to_have_count(1)


async def test_a_session_that_ends_says_so(visit: Visit, problems: Problems) -> None:
    problems.expect("401|WebSocket")
    page = await visit("sre")
    await expect(page.get_by_role("banner")).to_be_visible()
    await page.get_by_role("button", name="sre").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_label("Kubernetes token")).to_be_visible()
    await page.get_by_label("Kubernetes token").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()


async def test_a_token_signs_in(visit: Visit, board: Board, problems: Problems) -> None:
    problems.expect("401")
    page = await visit()
    await page.get_by_label("Kubernetes token").fill(board.token("viewer"))
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("region", name="Triage")).to_be_visible()


async def test_a_session_that_ends_at_a_move_leads_to_signing_in(
    visit: Visit, board: Board, problems: Problems
) -> None:
    """And whoever signs in then sees what they may, at the same address."""
    problems.expect("401|WebSocket")
    async with board.door() as door:
        await door.report(message="Moved too late")
    page = await visit("sre", "/?sort=oldest")
    await is_in(page, "Moved too late", "Triage")
    await page.context.clear_cookies()
    await card(page, "Moved too late").get_by_role("button", name="Move").click()
    await page.get_by_role("menuitem", name="Fixing").click()
    await page.get_by_label("Kubernetes token").fill(board.token("viewer"))
    await page.get_by_role("button", name="Sign in").click()
    await is_in(page, "Moved too late", "Triage")
    await expect(page.get_by_role("button", name="Move INC")).to_have_count(0)
    assert page.url == f"{board.url}/?sort=oldest"


async def test_filters_are_in_the_address(visit: Visit, board: Board) -> None:
    async with board.door() as door:
        await door.report(message="Shown", severity="P0")
        await door.report(message="Hidden", severity="P3")
    page: Page = await visit("sre", "/?severity=P0&sort=oldest")
    await is_in(page, "Shown", "Triage")
    await expect(card(page, "Hidden")).to_have_count(0)
    await expect(page.get_by_role("combobox", name="Order")).to_have_value("oldest")
    await page.get_by_role("button", name="Clear").click()
    await is_in(page, "Hidden", "Triage")
    assert "severity" not in page.url
