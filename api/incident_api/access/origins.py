"""Where a request was sent from, as far as browsers say: a page of ours, of a friend, or of a stranger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from urllib.parse import urlsplit


class Sender(Enum):
    """Whose page sent a request."""

    OURS = "ours"
    FRIEND = "friend"
    """An origin that the settings allow."""
    STRANGER = "stranger"
    NO_PAGE = "no page"
    """Nothing says that a browser sent it."""


def judge_sender(headers: Mapping[str, str], allowed: Collection[str]) -> Sender:
    """By Origin, else by Sec-Fetch-Site. Only the host is compared: TLS may end before us."""
    origin = headers.get("origin")
    if origin is not None:
        if origin in allowed:
            return Sender.FRIEND
        try:
            host = urlsplit(origin).netloc
        except ValueError:
            return Sender.STRANGER
        return Sender.OURS if host and host == headers.get("host") else Sender.STRANGER
    match headers.get("sec-fetch-site"):
        case None:
            return Sender.NO_PAGE
        case "same-origin" | "none":
            return Sender.OURS
        case _:
            return Sender.STRANGER
