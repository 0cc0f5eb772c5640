"""Where cards are on the page, in the words of those who look at it."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

COLUMNS = ("Triage", "Investigating", "Fixing", "Resolved")


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def card(where: Page | Locator, text: str) -> Locator:
    """The card with that title or number."""
    return where.locator("[data-card]").filter(has_text=text)


async def is_in(page: Page, text: str, name: str) -> None:
    """Waits until the card is in that column, and in no other."""
    await expect(card(column(page, name), text)).to_be_visible()
    for other in COLUMNS:
        if other != name:
            await expect(card(column(page, other), text)).to_have_count(0)


async def drag(page: Page, text: str, name: str) -> None:
    """As a hand does it: press, move a little, move there, let go."""
    await card(page, text).drag_to(column(page, name).get_by_role("heading"), source_position={"x": 12, "y": 40})
