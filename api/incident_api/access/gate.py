"""Who a request is from and what that person may see; the one door that every path and stream goes through."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.requests import HTTPConnection

from incident_api.access.limiter import Limiter
from incident_api.access.origins import Sender, judge_sender
from incident_api.access.sessions import COOKIE, Sessions, Unsealable
from incident_api.board.scope import Scope
from incident_api.cluster.reviews import Identity, Reviews
from incident_api.problems import Problem, busy, unauthorized

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_PROTOCOL = "base64url.bearer.authorization.k8s.io."  # noqa: S105 - as kubectl and browsers pass one
SIGN_INS_A_MINUTE = 10
FAILURES_A_MINUTE = 60
LONGEST_TOKEN = 16_384


class Via(StrEnum):
    """How the token came."""

    BEARER = "bearer"
    COOKIE = "cookie"
    PROXY = "proxy"
    PROTOCOL = "protocol"


@dataclass(frozen=True, slots=True)
class Credential:
    """A token that nobody has looked at yet."""

    token: str = field(repr=False)
    via: Via


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody whom the API server knows."""

    identity: Identity
    token: str = field(repr=False)
    via: Via
    scope: Scope


class Gate:
    """Raises Problem for whoever may not pass, and ApiError where the API server cannot be asked."""

    def __init__(
        self,
        *,
        reviews: Reviews,
        sessions: Sessions,
        namespaces: Callable[[], Iterable[str]],
        allowed_origins: Collection[str] = (),
        token_header: str | None = None,
    ) -> None:
        self._reviews = reviews
        self._sessions = sessions
        self._namespaces = namespaces
        self._allowed_origins = frozenset(allowed_origins)
        self._token_header = token_header
        self._sign_ins = Limiter(SIGN_INS_A_MINUTE)
        self._failures = Limiter(FAILURES_A_MINUTE)

    @property
    def sessions(self) -> Sessions:
        """Seals and opens what holds a token."""
        return self._sessions

    async def admit(self, connection: HTTPConnection) -> Viewer:
        """The person behind a request or a stream."""
        credential = self._credential(connection)
        self._refuse_strangers(connection, credential)
        identity = await self._identify(connection, credential.token)
        return await self.look(identity, credential)

    async def look(self, identity: Identity, credential: Credential) -> Viewer:
        """What the person may see now; again after a while for who stays."""
        scope = await self._reviews.scope(identity, self._namespaces())
        return Viewer(identity, credential.token, credential.via, scope)

    async def renew(self, viewer: Viewer) -> Viewer | None:
        """As of now; None once the token is no longer accepted."""
        identity = await self._reviews.identify(viewer.token)
        return None if identity is None else await self.look(identity, Credential(viewer.token, viewer.via))

    async def sign_in(self, connection: HTTPConnection, token: str) -> Identity:
        """Whose token it is; each address may be wrong a few times a minute."""
        if judge_sender(connection.headers, self._allowed_origins) is Sender.STRANGER:
            raise _cross_site()
        address = _address(connection)
        wait = self._sign_ins.wait(address)
        if wait:
            raise busy("too-many-attempts", f"wait {wait:.0f} s before you try to sign in again", wait)
        try:
            return await self._identify(connection, token)
        except Problem:
            self._sign_ins.count(address)
            raise

    async def _identify(self, connection: HTTPConnection, token: str) -> Identity:
        """Who guesses is slowed down, and not who shares an address with that one: a token that was right passes."""
        address = _address(connection)
        wait = 0.0 if self._reviews.is_known(token) else self._failures.wait(address)
        if wait:
            raise busy("too-many-attempts", f"too many tokens were wrong: wait {wait:.0f} s", wait)
        is_plausible = 0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token
        identity = await self._reviews.identify(token) if is_plausible else None
        if identity is None:
            self._failures.count(address)
            raise unauthorized("token-refused", "the API server does not accept the token: it may have expired")
        return identity

    def _credential(self, connection: HTTPConnection) -> Credential:
        headers = connection.headers
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return Credential(token.strip(), Via.BEARER)
        protocols: list[str] = connection.scope.get("subprotocols") or []
        for protocol in protocols:
            if protocol.startswith(TOKEN_PROTOCOL):
                return Credential(_decode(protocol.removeprefix(TOKEN_PROTOCOL)), Via.PROTOCOL)
        if self._token_header and (handed := headers.get(self._token_header)):
            return Credential(handed.removeprefix("Bearer ").strip(), Via.PROXY)
        cookie = connection.cookies.get(COOKIE)
        if cookie is None:
            raise unauthorized(
                "not-signed-in", "send a Kubernetes token as `Authorization: Bearer …`, or sign in first"
            )
        try:
            return Credential(self._sessions.open_cookie(cookie), Via.COOKIE)
        except Unsealable:
            raise unauthorized("session-ended", "the session ended: sign in again") from None

    def _refuse_strangers(self, connection: HTTPConnection, credential: Credential) -> None:
        """Browsers send cookies, and what a proxy adds, for pages of strangers too; a bearer token they never add."""
        sender = judge_sender(connection.headers, self._allowed_origins)
        if connection.scope["type"] == "websocket":
            if sender is Sender.STRANGER:
                raise _cross_site()
            return
        is_write = connection.scope["method"] not in SAFE_METHODS
        if is_write and credential.via in (Via.COOKIE, Via.PROXY) and sender is not Sender.OURS:
            raise _cross_site()


def _cross_site() -> Problem:
    return Problem(
        "cross-site",
        "with a cookie this must come from a page of this site, which browsers say by Origin or Sec-Fetch-Site; "
        "a program sends a bearer token instead",
    )


def _address(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else "unknown"


def _decode(text: str) -> str:
    """Empty for what is no base64url: an empty token is refused like any wrong one."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
