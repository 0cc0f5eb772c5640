"""These tests' own tools: what they are to notice, they notice."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from . import browser
from .accessibility import axe
from .browser import VARIABLE, NoBrowser, find_browser
from .conftest import Visit
from .problems import Problems
from .relay import Relay


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("console.error('oh no')", r"console error: oh no"),
        ("setTimeout(() => { throw new Error('not caught') })", r"uncaught: .*not caught"),
        ("Promise.reject(new Error('nor awaited'))", r"uncaught: .*nor awaited"),
        ("fetch('/api/v1/incidents/none')", r"console error: .*404.*/incidents/none"),
        ("document.body.append(Object.assign(document.createElement('script'), { text: '1' }))", r"Content Security"),
        (
            "document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:1/x.png' }))",
            r"Content Security|: csp",
        ),
    ],
)
async def test_what_goes_wrong_on_a_page_is_seen(sre_page: Page, problems: Problems, script: str, seen: str) -> None:
    await expect(sre_page.get_by_role("banner")).to_be_visible()
    before = set(problems.unexpected)
    await sre_page.evaluate(f"() => {{ {script} }}")
    async with asyncio.timeout(10):
        while not (new := set(problems.unexpected) - before):  # noqa: ASYNC110  # the browser tells it when it likes
            await asyncio.sleep(0.02)
    assert any(re.search(seen, text) for text in new), new
    problems.expect(seen)
    assert not set(problems.unexpected) - before


async def test_axe_finds_what_cannot_be_used(sre_page: Page) -> None:
    await sre_page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<div id=bad><img src=/favicon.svg>')")
    (found,) = await axe(sre_page, "#bad")
    assert found.startswith("image-alt (critical)")
    assert "at img" in found


async def test_a_cut_connection_is_cut_and_comes_back(visit: Visit, relay: Relay, problems: Problems) -> None:
    problems.expect("ERR_|WebSocket|Failed to load resource")
    page = await visit("sre", at=relay.url)
    heading = page.get_by_role("banner")
    await expect(heading).to_be_visible()
    assert relay.connections > 0
    await relay.cut()
    assert relay.connections == 0
    asks = "() => fetch('/readyz').then(answer => answer.status, () => 'refused')"
    assert await page.evaluate(asks) == "refused"
    await relay.restore()
    assert await page.evaluate(asks) == 200


def put(path: Path, script: str = "echo Chromium 156") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


async def test_where_the_browser_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place is looked at once the ones before it have none that runs."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(browser, "_can_install", lambda: False)
    downloaded = tmp_path / "downloaded"
    with pytest.raises(NoBrowser, match="apt install chromium"):
        find_browser(downloaded)
    monkeypatch.setattr(browser, "_can_install", lambda: True)
    put(tmp_path / "bin" / "apt-get", '[ "$1" = update ] || { echo 404 >&2; exit 100; }')
    with pytest.raises(NoBrowser, match=r"install -y --no-install-recommends chromium` failed:\n404"):
        find_browser(downloaded)
    chromium = tmp_path / "bin" / "chromium"
    package = put(tmp_path / "package")
    put(tmp_path / "bin" / "apt-get", f'[ "$1" = update ] || [ "$4" != chromium ] || /bin/ln -s {package} {chromium}')
    assert find_browser(downloaded) == chromium
    chromium.unlink()
    assert find_browser(put(downloaded)) == downloaded
    stub = put(tmp_path / "bin" / "chromium-browser", "echo 'requires a snap' >&2; exit 1")
    assert find_browser(downloaded) == downloaded
    chrome = put(tmp_path / "bin" / "google-chrome")
    assert find_browser(downloaded) == chrome
    put(stub)
    assert find_browser(downloaded) == stub
    monkeypatch.setenv(VARIABLE, str(put(tmp_path / "own")))
    assert find_browser(downloaded) == tmp_path / "own"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    with pytest.raises(NoBrowser, match="correct the variable"):
        find_browser(downloaded)
