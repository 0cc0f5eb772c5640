"""The README's pictures, of real drills: `make screenshots` runs this, and somebody looks at what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Page, expect

from ..api.door import Door
from ..waiting import eventually
from .cards import card
from .conftest import Board, Visit

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
DRILLS = ("disk-full", "postgres-connections", "postgres-bloat")
"""Those that are over when the pictures are taken; redis-memory waits for its approval on them."""


async def run_drill(door: Door, scenario: str) -> None:
    """From the fault to the grade."""
    made = (await door.post("/experiments", {"scenario": scenario})).json
    plan = await waiting_plan(door)
    assert (await door.post(f"/agent/approve/{plan['id']}", {"plan_hash": plan["plan_hash"]})).status == 200

    async def grade() -> Any:
        return (await door.get(f"/experiments/{made['id']}")).json["grade"]

    report = await eventually(grade, f"the grade of {scenario}", 60)
    assert report["grade"]["passed"], report


async def waiting_plan(door: Door) -> dict[str, Any]:
    async def look() -> Any:
        plans = (await door.get("/plans?status=awaiting_approval")).json
        return plans[0] if plans else None

    plan: dict[str, Any] = await eventually(look, "a plan that awaits approval")
    return plan


async def people_report(door: Door) -> None:
    """Cards of other kinds, in other columns."""
    checkout = await door.report(
        message="Checkout answers with 503 for one customer in ten",
        severity="P0",
        team="payments",
        source="api-gateway",
        assignee="sre",
    )
    await door.patch(f"/incidents/{checkout['id']}/status", {"status": "investigating"})
    await door.report(message="Login fails after a password reset", severity="P2", team="identity", source="auth")
    invoices = await door.report(message="Invoices are sent twice", severity="P3", team="payments", source="billing")
    await door.patch(f"/incidents/{invoices['id']}/status", {"status": "fixing"})
    await door.post("/generate-incident", {"template": "redis-slow-queries"})


async def shoot(page: Page, name: str) -> None:
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        await page.screenshot(path=FOLDER / f"{name}-{scheme}.png", animations="disabled")


async def test_take_the_pictures(visit: Visit, board: Board) -> None:
    FOLDER.mkdir(exist_ok=True)
    async with board.door() as door:
        for scenario in DRILLS:
            await run_drill(door, scenario)
        await people_report(door)
        await door.post("/experiments", {"scenario": "redis-memory"})
        plan = await waiting_plan(door)
        number = (await door.get(f"/incidents/{plan['incident_id']}")).json["number"]
    desktop = await visit("sre", viewport=DESKTOP)
    await expect(card(desktop, number)).to_contain_text("Awaiting approval")
    await shoot(desktop, "board")
    await card(desktop, number).get_by_role("link").click()
    await expect(desktop.get_by_role("region", name="Story")).to_be_visible()
    await shoot(desktop, "details")
    await desktop.get_by_role("button", name="Review and approve").click()
    await expect(desktop.get_by_role("dialog", name="Approve this plan?")).to_be_visible()
    await shoot(desktop, "approval")
    await desktop.goto(f"{board.url}/analytics")
    await expect(desktop.get_by_text("Who took the time")).to_be_visible()
    await shoot(desktop, "analytics")
    phone = await visit("sre", viewport=PHONE, has_touch=True)
    await expect(card(phone, number)).to_contain_text("Awaiting approval")
    await shoot(phone, "phone")
