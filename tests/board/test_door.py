"""Into the board: by a link, by no link, by a wrong one."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from .conftest import Board, Visit
from .problems import Problems

DATA = re.compile(r"/api/v1/(?!session$)")


async def test_a_link_opens_the_board(sre_page: Page, board: Board) -> None:
    assert sre_page.url == f"{board.url}/"  # the ticket is gone from the address, and from the history
    await expect(sre_page.get_by_role("banner")).to_contain_text("Incident simulator")


async def test_without_a_session_nothing_is_shown_nor_asked_for(visit: Visit, board: Board, problems: Problems) -> None:
    problems.expect(r"401 .*/api/v1/session\]")
    async with board.door() as door:
        await door.report(message="Secret of the house")
    page = await visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.reload()
    await expect(page.get_by_label("Kubernetes token")).to_be_visible()
    await expect(page.get_by_text("Secret of the house")).to_have_count(0)
    assert [url for url in asked if DATA.search(url)] == []
    await expect((await visit("viewer")).get_by_text("Secret of the house")).to_be_visible()


async def test_a_wrong_link_signs_nobody_in(visit: Visit, problems: Problems) -> None:
    problems.expect("401|favicon.ico")  # for an answer that is no page, browsers ask for an icon by that name
    page = await visit(None, "/api/v1/session/link?ticket=AAAA")
    assert await page.context.cookies() == []
    await expect(page.locator("body")).to_contain_text("link-ended")
    await expect(page.locator("body")).to_contain_text("incident-simulator link")
