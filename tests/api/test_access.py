"""Cookies, links, where a request was sent from, and how often one may try."""

from __future__ import annotations

import secrets
import time

import pytest

from incident_api.access.limiter import MOST_ADDRESSES, WINDOW_SECONDS, Limiter
from incident_api.access.origins import Sender, judge_sender
from incident_api.access.sessions import LIFETIME, LONGEST_COOKIE, Sessions, Unsealable

SECRET = "a secret of enough characters"


def test_a_cookie_opens_with_the_secret_and_shows_nothing_without() -> None:
    sealed = Sessions([SECRET]).seal_cookie("the-token")
    assert sealed is not None
    assert "the-token" not in sealed
    assert Sessions([SECRET]).open_cookie(sealed) == "the-token"
    with pytest.raises(Unsealable):
        Sessions(["another secret of some length"]).open_cookie(sealed)


def test_a_secret_can_be_replaced_while_cookies_of_the_old_one_are_out() -> None:
    old = Sessions([SECRET]).seal_cookie("the-token")
    both = Sessions(["the new secret of the API", SECRET])
    assert old is not None
    assert both.open_cookie(old) == "the-token"
    new = both.seal_cookie("the-token")
    assert new is not None
    assert Sessions(["the new secret of the API"]).open_cookie(new) == "the-token"


def test_a_link_is_no_cookie_and_a_cookie_no_link() -> None:
    sessions = Sessions([SECRET])
    cookie = sessions.seal_cookie("t")
    assert cookie is not None
    with pytest.raises(Unsealable):
        sessions.open_link(cookie)
    with pytest.raises(Unsealable):
        sessions.open_cookie(sessions.seal_link("t"))


@pytest.mark.parametrize("value", ["", "x", "gAAAAA", "é", "\x00", "A" * 5000])
def test_what_was_never_sealed(value: str) -> None:
    with pytest.raises(Unsealable):
        Sessions([SECRET]).open_cookie(value)


def test_a_cookie_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions([SECRET])
    sealed = sessions.seal_cookie("t")
    assert sealed is not None
    later = time.time() + LIFETIME.total_seconds() + 2
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Unsealable):
        sessions.open_cookie(sealed)


def test_a_token_of_usual_size_fits_and_a_huge_one_is_refused() -> None:
    token = secrets.token_urlsafe(1900)  # about as compressible as a signed token
    sealed = Sessions([SECRET]).seal_cookie(token)
    assert sealed is not None
    assert len(sealed) <= LONGEST_COOKIE
    assert Sessions([SECRET]).seal_cookie(secrets.token_urlsafe(5000)) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Sender.NO_PAGE),
        ({"origin": "http://board:1", "host": "board:1"}, Sender.OURS),
        ({"origin": "https://board:1", "host": "board:1"}, Sender.OURS),
        ({"origin": "http://board:2", "host": "board:1"}, Sender.STRANGER),
        ({"origin": "null", "host": "board:1"}, Sender.STRANGER),
        ({"origin": "", "host": "board:1"}, Sender.STRANGER),
        ({"origin": "http://[broken", "host": "board:1"}, Sender.STRANGER),
        ({"origin": "https://friend.example", "host": "board:1"}, Sender.FRIEND),
        ({"origin": "https://friend.example.evil", "host": "board:1"}, Sender.STRANGER),
        ({"sec-fetch-site": "same-origin"}, Sender.OURS),
        ({"sec-fetch-site": "same-site"}, Sender.STRANGER),
        ({"sec-fetch-site": "cross-site"}, Sender.STRANGER),
        ({"origin": "http://evil", "host": "board:1", "sec-fetch-site": "same-origin"}, Sender.STRANGER),
    ],
)
def test_where_a_request_was_sent_from(headers: dict[str, str], expected: Sender) -> None:
    assert judge_sender(headers, {"https://friend.example"}) is expected


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_so_many_tries_a_minute_for_each_address() -> None:
    clock = Clock()
    limiter = Limiter(2, clock=clock)
    for _ in range(2):
        assert limiter.wait("a") == 0
        limiter.count("a")
    assert limiter.wait("a") == WINDOW_SECONDS
    assert limiter.wait("b") == 0
    clock.now += WINDOW_SECONDS - 1
    assert limiter.wait("a") == 1
    clock.now += 1
    assert limiter.wait("a") == 0
    limiter.count("a")
    assert limiter.wait("a") == 0


def test_many_addresses_take_no_more_memory() -> None:
    limiter = Limiter(1)
    for number in range(MOST_ADDRESSES + 10):
        limiter.count(f"address {number}")
    assert limiter.wait("address 0") == 0
    assert limiter.wait(f"address {MOST_ADDRESSES + 9}") > 0
