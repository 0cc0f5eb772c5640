"""What axe finds wrong with a page, in lines that say where and why."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from playwright.async_api import Page

_AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"


@cache
def _source() -> str:
    assert _AXE.is_file(), f"{_AXE} is missing: run `.venv/bin/incident-simulator board --test`, which installs it"
    return _AXE.read_text()


async def axe(page: Page, within: str = "html", *, rules: Sequence[str] = ()) -> list[str]:
    """The violations below a selector, of these rules or of all: `assert await axe(page) == []`."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_source())
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    found = await page.evaluate("([selector, options]) => axe.run(selector, options)", [within, options])
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}\n"
        f"  at {' '.join(map(str, node['target']))}\n  {node['html']}\n  {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
