"""The board's own files: what is served under which path, for how long it may be kept, and what is not served."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from incident_api.routes.web import Web
from incident_api.settings import Settings
from incident_api.webroot import find_folder, read_folder

from ..conftest import ApiProcess
from .door import Answer, Door

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = "assets/index-B1x9.js"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A board as Vite builds one, with what must not be served around it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "index.html").write_text(f"<!doctype html><script type=module src=/{SCRIPT}></script>" + " " * 500)
    (folder / SCRIPT).write_text("console.log('board');\n" * 100)
    (folder / "assets" / "inter.woff2").write_bytes(b"wOF2" + bytes(range(256)))
    (folder / "theme.js").write_text("document.documentElement.dataset.theme = 'dark'")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "board.webmanifest").write_text("{}")
    (folder / ".vite" / "manifest.json").write_text("{}")
    (folder / "linked.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "elsewhere").symlink_to(tmp_path)
    return folder


@pytest_asyncio.fixture
async def browser(start_api: Callable[..., ApiProcess], built: Path) -> AsyncIterator[Door]:
    """Somebody who is not signed in, at an API with that board."""
    async with Door(start_api(INCIDENTSIM_API_BOARD_DIR=str(built)).url) as opened:
        yield opened


async def test_pages_files_and_what_is_neither(browser: Door, built: Path) -> None:
    index = (built / "index.html").read_bytes()
    for path, accept in (("//", {}), ("//", PAGE), ("//incidents/INC-0001", PAGE), ("//nothing.here", PAGE)):
        page = await browser.get(path, headers=accept)
        assert (page.status, page.body) == (200, index), path
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Cache-Control"] == "no-cache"
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert "script-src" not in page.headers["Content-Security-Policy"]
        again = await browser.get(path, headers={**accept, "If-None-Match": page.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
    script = await browser.get(f"//{SCRIPT}")
    assert script.body == (built / SCRIPT).read_bytes()
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    types = {
        "theme.js": "text/javascript; charset=utf-8",
        "favicon.svg": "image/svg+xml",
        "board.webmanifest": "application/manifest+json",
        "assets/inter.woff2": "font/woff2",
    }
    for name, media_type in types.items():
        answer = await browser.get(f"//{name}")
        assert (answer.status, answer.headers["Content-Type"]) == (200, media_type), name
        assert answer.headers["Cache-Control"] == ("no-cache" if "/" not in name else script.headers["Cache-Control"])
    for path in ("//api/v1/nothing", "//api/nothing", "//assets/gone-1234.js", "//trigger", "//clear", "//clear/a/b"):
        assert (await browser.get(path, headers=PAGE)).code == "not-found", path
    for path in ("//incidents", "//nothing.js"):
        assert (await browser.get(path, headers={"Accept": "*/*"})).code == "not-found", path
        assert (await browser.post(path, headers=PAGE)).code == "not-found", path
    assert (await browser.get("//api/v1/incidents", headers=PAGE)).code == "not-signed-in"


async def test_what_is_text_comes_compressed_to_whoever_takes_it(browser: Door, built: Path) -> None:
    for path in (f"//{SCRIPT}", "//", "//incidents"):
        plain = await browser.get(path, headers=PAGE)
        packed = await browser.get(path, headers=PAGE | {"Accept-Encoding": "br, gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert "Content-Encoding" not in plain.headers
        assert "Accept-Encoding" in plain.headers["Vary"]
        assert "Accept-Encoding" in packed.headers["Vary"]
        head = await browser.send("HEAD", path, headers=PAGE)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == str(len(plain.body))
    assert "Accept," in (await browser.get("//incidents", headers=PAGE)).headers["Vary"]
    font = await browser.get("//assets/inter.woff2", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in font.headers


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "//secret.txt",
        "/linked.txt",
        "/elsewhere/secret.txt",
        "/.vite/manifest.json",
        "/theme.js%00",
    ],
)
async def test_no_path_leads_out_of_the_folder(built: Path, path: str) -> None:
    files = read_folder(built)
    for sent in (path, path.replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\").replace("%00", "\0")):
        with pytest.raises(HTTPException):
            await ask(Web(files, _not_found), sent)


async def test_before_a_board_was_built(tmp_path: Path) -> None:
    assert find_folder(tmp_path) is None
    web = Web({}, _not_found)
    answer = await ask(web, "/")
    assert answer.status == 200
    assert b"make board" in answer.body
    for link in (b"/api/v1/incidents", b"/status", b"/api/v1/events", b"/api/v1/openapi.json"):
        assert b'href="' + link in answer.body
    with pytest.raises(HTTPException):
        await ask(web, "/incidents", **PAGE)


def test_a_folder_without_a_board_is_told_at_the_start(tmp_path: Path, built: Path) -> None:
    assert Settings(board_dir=built).board_dir == built
    with pytest.raises(ValidationError, match=r"holds no index\.html: build the board with `make board`"):
        Settings(board_dir=tmp_path)


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    raise HTTPException(404)


async def ask(web: Web, path: str, **headers: str) -> Answer:
    """A GET of the application alone."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": raw}
    await web(scope, receive, send)
    start, body = sent
    return Answer(start["status"], Headers(raw=start["headers"]), body["body"])
