"""axe finds nothing on any page, in any state, in either theme; and nothing overflows on a narrow phone."""

from __future__ import annotations

from typing import Any, Literal

from playwright.async_api import Page, expect

from ..waiting import eventually
from .accessibility import axe
from .cards import card, column
from .conftest import Board, Visit
from .problems import Problems
from .relay import Relay

PHONE = {"width": 320, "height": 700}
STILL = {"reduced_motion": "reduce"}  # a colour that fades in is no colour yet
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


async def is_clean(page: Page, state: str, within: str = "html") -> None:
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        # The other theme has the same elements in other colours.
        found = await axe(page, within, rules=() if scheme == "light" else ("color-contrast",))
        assert found == [], f"{state}, {scheme}:\n" + "\n".join(found)


async def fits(page: Page, state: str) -> None:
    """Nothing is wider than the screen: to read in two dimensions is no reading."""
    width = await page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"{state} is {width} px too wide"


async def visit_page(page: Page, board: Board, path: str, ready: str) -> None:
    await page.goto(f"{board.url}{path}")
    await expect(page.get_by_text(ready).first).to_be_visible()


async def a_board_with_everything(board: Board) -> dict[str, Any]:
    """Cards in every column, of every kind, and a fault whose plan awaits approval."""
    async with board.door() as door:
        await door.post("/experiments", {"scenario": "redis-memory"})
        await door.report(message="New and bad", severity="P0", team="payments", assignee="sre")
        over = await door.report(message="Over", severity="P3", source="api-gateway")
        await door.patch(f"/incidents/{over['id']}/status", {"status": "resolved"})
        fixing = await door.report(message="Being fixed", severity="P2", team="platform")
        await door.patch(f"/incidents/{fixing['id']}/status", {"status": "fixing"})
        await door.post("/generate-incident", {"template": "redis-slow-queries"})

        async def waiting() -> Any:
            plans = (await door.get("/plans?status=awaiting_approval")).json
            return plans[0] if plans else None

        plan: dict[str, Any] = await eventually(waiting, "a plan that awaits approval")
        incident = (await door.get(f"/incidents/{plan['incident_id']}")).json
    return {"incident": incident["number"], "plan": plan["name"]}


async def test_pages_and_dialogs(visit: Visit, board: Board, problems: Problems) -> None:
    problems.expect("404")  # an incident that does not exist
    page = await visit("sre", with_guide=True, **STILL)
    await expect(page.get_by_text("Nothing new")).to_be_visible()
    await is_clean(page, "an empty board with the guide")
    made = await a_board_with_everything(board)
    await expect(card(column(page, "Investigating"), "redis-test")).to_contain_text("Awaiting approval")
    await is_clean(page, "a full board")
    states = (
        ("/experiments", "redis-memory", "experiments"),
        ("/analytics?type=all", "MTTR", "analytics"),
        ("/analytics?team=nobody", "No incident matches", "analytics without an incident"),
        ("/game-days", "kubectl", "no game day"),
        ("/nowhere", "There is no such page", "no such page"),
        (f"/incidents/{made['incident']}", "keys that begin with", "details"),
        (f"/incidents/{made['incident']}?decide={made['plan']}", "Approve this plan?", "approval"),
        ("/incidents/INC-9999", "INC-9999", "no such incident"),
        ("/?new", "New incident", "a new incident"),
        ("/?halt", "reason", "the kill switch's confirmation"),
        ("/?help", "They work while", "help"),
        ("/?palette", "Commands", "the palette"),
    )
    for path, ready, state in states:
        await visit_page(page, board, path, ready)
        await is_clean(page, state)


async def test_states_that_pass(visit: Visit, board: Board, relay: Relay, problems: Problems) -> None:
    problems.expect("ERR_|WebSocket|Failed to load resource|40[13]")
    page = await visit(None, **STILL)
    await expect(page.get_by_label("Kubernetes token")).to_be_visible()
    await is_clean(page, "signing in")
    page = await visit("sre", at=relay.url, **STILL)
    await page.get_by_role("button", name="Severity").click()
    await is_clean(page, "an open menu", "[role=menu]")
    await page.keyboard.press("Escape")
    async with board.door() as door:
        assert (await door.send("PUT", "/kill-switch", {"reason": "an outage"})).status == 200
        await expect(page.get_by_text("an outage")).to_be_visible()
        await is_clean(page, "halted")
        await door.delete("/kill-switch")
    await expect(page.get_by_text("an outage")).to_have_count(0)
    await relay.cut()
    await expect(page.locator("[data-banner=connection]")).to_be_visible()
    await is_clean(page, "reconnecting")


async def test_a_narrow_phone(visit: Visit, board: Board) -> None:
    made = await a_board_with_everything(board)
    page = await visit("sre", viewport=PHONE, has_touch=True, **STILL)
    states = (
        ("/", "Awaiting approval"),
        ("/experiments", "redis-memory"),
        ("/analytics?type=all", "MTTR"),
        (f"/incidents/{made['incident']}", "keys that begin with"),
        (f"/incidents/{made['incident']}?decide={made['plan']}", "Approve this plan?"),
        ("/?new", "New incident"),
    )
    for path, ready in states:
        await visit_page(page, board, path, ready)
        await fits(page, path)
        await is_clean(page, f"{path} on a phone")
