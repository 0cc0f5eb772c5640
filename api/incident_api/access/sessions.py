"""Cookies and links that hold a token, sealed so that only this API can open them."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Sequence
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

COOKIE = "incidentsim_session"
LIFETIME = timedelta(hours=12)
LONGEST_COOKIE = 3900
"""Browsers drop a cookie of more than about 4,096 bytes, its name and attributes included."""
_COOKIE, _LINK = b"c", b"l"


class Unsealable(Exception):
    """What was sent is not ours, was changed, or is too old."""


class Sessions:
    """Seals with the first secret; opens what was sealed with any, so that a secret can be replaced."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._box = MultiFernet([Fernet(_derive(secret)) for secret in secrets])

    def seal_cookie(self, token: str) -> str | None:
        """The cookie's value; None where the token is too long for one."""
        sealed = self._seal(_COOKIE, token)
        return sealed if len(sealed) <= LONGEST_COOKIE else None

    def open_cookie(self, value: str) -> str:
        """The token. Raises Unsealable."""
        return self._open(_COOKIE, value)

    def seal_link(self, token: str) -> str:
        """What a sign-in link carries. It is no cookie, and a cookie is no link."""
        return self._seal(_LINK, token)

    def open_link(self, value: str) -> str:
        """The token. Raises Unsealable."""
        return self._open(_LINK, value)

    def _seal(self, purpose: bytes, token: str) -> str:
        return self._box.encrypt(purpose + zlib.compress(token.encode())).decode()

    def _open(self, purpose: bytes, value: str) -> str:
        try:
            opened = self._box.decrypt(value.encode(), ttl=int(LIFETIME.total_seconds()))
        except (InvalidToken, ValueError) as error:
            raise Unsealable from error
        if opened[:1] != purpose:
            raise Unsealable
        return zlib.decompress(opened[1:]).decode()


def _derive(secret: str) -> bytes:
    """A key from a secret that is random already: no need to stretch it."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"incidentsim-session\0" + secret.encode()).digest())
