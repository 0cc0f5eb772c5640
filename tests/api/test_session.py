"""Signing in by cookie, by link, and by what a proxy hands on; and what other sites cannot do with that."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

from incident_api.access.gate import FAILURES_A_MINUTE, SIGN_INS_A_MINUTE
from incident_api.access.sessions import COOKIE

from ..conftest import ApiProcess
from .door import Answer, Door


def cookie_of(answer: Answer) -> str:
    """The cookie as a header of the next request; its attributes are as they have to be."""
    jar = SimpleCookie(answer.headers["Set-Cookie"])
    attributes = jar[COOKIE]
    assert attributes["httponly"] is True
    assert attributes["samesite"].lower() == "strict"
    assert attributes["path"] == "/"
    return f"{COOKIE}={attributes.value}"


async def test_a_cookie_signs_in_and_writes_only_from_a_page_of_this_site(running: ApiProcess, secrets: Path) -> None:
    token = (secrets / "sre.token").read_text()
    async with Door(running.url) as browser:
        signed_in = await browser.post("/session", {"token": f" {token}\n"})
        assert (signed_in.status, signed_in.json["user"], signed_in.json["via"]) == (201, "sre", "cookie")
        assert token not in signed_in.headers["Set-Cookie"]
        cookie = {"Cookie": cookie_of(signed_in)}
        assert (await browser.get("/session", headers=cookie)).json["user"] == "sre"
        ours = {"Origin": running.url}
        made = await browser.post("/incidents", {"message": "x"}, headers=cookie | ours)
        assert made.status == 201
        path = f"/incidents/{made.json['id']}"
        for page in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {}):
            refused = await browser.delete(path, headers=cookie | page)
            assert refused.code == "cross-site", page
        assert (await browser.delete(path, headers=cookie | {"Sec-Fetch-Site": "same-origin"})).status == 204
        out = await browser.delete("/session", headers=cookie | ours)
        assert out.status == 204
        assert 'incidentsim_session=""' in out.headers["Set-Cookie"]


async def test_a_cookie_that_is_not_ours(running: ApiProcess) -> None:
    async with Door(running.url) as browser:
        for value in ("x", "gAAAAABrBzNl", "%00", "a" * 3000):
            answer = await browser.get("/session", headers={"Cookie": f"{COOKIE}={value}"})
            assert answer.code == "session-ended"


async def test_a_link_signs_in_a_browser_as_whoever_made_it(running: ApiProcess, viewer_door: Door) -> None:
    made = await viewer_door.post("/session/links")
    assert made.status == 201
    parts = urlsplit(made.json["url"])
    async with Door(running.url) as browser:
        followed = await browser.get(f"/{parts.path}?{parts.query}")
        assert (followed.status, followed.headers["Location"]) == (303, "/")
        assert followed.headers["Referrer-Policy"] == "no-referrer"
        session = await browser.get("/session", headers={"Cookie": cookie_of(followed)})
        assert session.json["user"] == "viewer"
        changed = parts.query[:-3] + ("AAA" if not parts.query.endswith("AAA") else "BBB")
        assert (await browser.get(f"/{parts.path}?{changed}")).code == "link-ended"


async def test_a_token_that_a_proxy_hands_on(running: ApiProcess, secrets: Path) -> None:
    token = (secrets / "viewer.token").read_text()
    async with Door(running.url) as browser:
        handed = {"X-Handed-Token": token}
        assert (await browser.get("/session", headers=handed)).json["via"] == "proxy"
        assert (await browser.post("/incidents", {"message": "x"}, headers=handed)).code == "cross-site"


async def test_guessing_is_slowed_down(start_api: Callable[..., ApiProcess], secrets: Path) -> None:
    """On a process of its own: all tests come from one address."""
    api = start_api()
    async with Door(api.url, "wrong") as guesser, Door(api.url, (secrets / "viewer.token").read_text()) as honest:
        tries = range(SIGN_INS_A_MINUTE + 1)
        codes = [(await guesser.post("/session", {"token": f"guess-{n}"})).code for n in tries]
        assert set(codes[:-1]) == {"token-refused"}
        assert codes[-1] == "too-many-attempts"
        assert (await honest.get("/session")).status == 200
        answers = [await guesser.get("/session") for _ in range(FAILURES_A_MINUTE - SIGN_INS_A_MINUTE + 1)]
        assert {answer.code for answer in answers[:-1]} == {"token-refused"}
        assert answers[-1].code == "too-many-attempts"
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
        assert (await honest.get("/session")).code == "too-many-attempts"


async def test_no_token_is_ever_logged(running: ApiProcess, secrets: Path, door: Door, viewer_door: Door) -> None:
    link = (await viewer_door.post("/session/links")).json["url"]
    await door.get(f"/{urlsplit(link).path}?{urlsplit(link).query}")
    log = running.log.read_text()
    for name in ("sre", "viewer", "api"):
        assert (secrets / f"{name}.token").read_text() not in log
    assert link.rpartition("ticket=")[2] not in log
    assert "Authorization" not in log


async def test_every_answer_tells_browsers_to_be_careful(door: Door) -> None:
    answer = await door.get("/incidents")
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"):
        assert name in answer.headers
