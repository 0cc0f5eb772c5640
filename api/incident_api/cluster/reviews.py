"""Who a token belongs to, and what that person may do: asked of the API server, and remembered for a short while."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from incident_api.board.scope import Scope, Topic
from incident_crds.base import GROUP
from incident_crds.client import ApiClient

K = TypeVar("K")
V = TypeVar("V")

_TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105 - a path
_ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
REMEMBERED = timedelta(seconds=30)
"""How long an answer holds: a token or right that was taken away works no longer than that."""
REFUSAL_REMEMBERED = timedelta(seconds=5)
GRACE = timedelta(minutes=10)
"""How much longer it holds while the API server does not answer."""
MOST_ANSWERS = 10_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the API server says that a token belongs to."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Permission:
    """A verb on a resource, as RBAC names them."""

    verb: str
    resource: str
    namespace: str = ""
    group: str = GROUP
    name: str = ""
    """Of the one object that it is about; empty for all."""


class Answers(Generic[K, V]):
    """Answers by question, each for a while; the same question at the same time is asked once."""

    def __init__(
        self,
        *,
        is_down: Callable[[], bool],
        most: int = MOST_ANSWERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_down = is_down
        self._most = most
        self._clock = clock
        self._known: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._asked: dict[K, asyncio.Future[V]] = {}

    async def get(self, key: K, ask: Callable[[], Awaitable[V]], lifetime: Callable[[V], timedelta]) -> V:
        """The answer that is remembered, or a new one. Raises what `ask` raises, which is not remembered.

        While nobody can be asked, an answer that is a little too old still holds: boards go on, and nothing is written.
        """
        known = self._known.get(key)
        grace = GRACE.total_seconds() if known is not None and self._is_down() else 0.0
        if known is not None and known[0] + grace > self._clock():
            return known[1]
        if key not in self._asked:
            self._asked[key] = task = asyncio.ensure_future(ask())
            task.add_done_callback(lambda done: self._store(key, done, lifetime))
        return await asyncio.shield(self._asked[key])

    def peek(self, key: K) -> V | None:
        """The answer where it still holds."""
        known = self._known.get(key)
        return known[1] if known is not None and known[0] > self._clock() else None

    def _store(self, key: K, done: asyncio.Future[V], lifetime: Callable[[V], timedelta]) -> None:
        self._asked.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        self._known.pop(key, None)
        self._known[key] = (self._clock() + lifetime(done.result()).total_seconds(), done.result())
        while len(self._known) > self._most:
            self._known.popitem(last=False)


def _digest(token: str) -> bytes:
    """The token itself is not kept."""
    return hashlib.sha256(token.encode()).digest()


class Reviews:
    """Asks with this process's own rights: create on tokenreviews and subjectaccessreviews, and nothing more."""

    def __init__(self, client: ApiClient, *, is_down: Callable[[], bool] = lambda: False) -> None:
        self._client = client
        self._identities: Answers[bytes, Identity | None] = Answers(is_down=is_down)
        self._permissions: Answers[tuple[Identity, Permission], bool] = Answers(is_down=is_down)

    async def identify(self, token: str) -> Identity | None:
        """Whose token it is; None for one that the API server does not accept. Raises ApiError."""
        digest = _digest(token)
        return await self._identities.get(
            digest,
            lambda: self._review_token(token),
            lambda identity: REMEMBERED if identity else REFUSAL_REMEMBERED,
        )

    def is_known(self, token: str) -> bool:
        """Whether the token was accepted a moment ago."""
        return self._identities.peek(_digest(token)) is not None

    async def _review_token(self, token: str) -> Identity | None:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        status = (await self._client.request("POST", _TOKEN_REVIEWS, body=body)).get("status") or {}
        if not status.get("authenticated"):
            return None
        user = status.get("user") or {}
        extra = tuple(sorted((k, tuple(v)) for k, v in (user.get("extra") or {}).items()))
        groups = tuple(user.get("groups") or ())
        return Identity(user.get("username", ""), user.get("uid", ""), groups, extra)

    async def may(self, identity: Identity, permission: Permission) -> bool:
        """Whether the API server's authorizer allows it. Raises ApiError."""
        return await self._permissions.get(
            (identity, permission), lambda: self._review_access(identity, permission), lambda _: REMEMBERED
        )

    async def _review_access(self, identity: Identity, permission: Permission) -> bool:
        spec: dict[str, Any] = {
            "user": identity.user,
            "uid": identity.uid,
            "groups": list(identity.groups),
            "extra": {name: list(values) for name, values in identity.extra},
            "resourceAttributes": {
                "verb": permission.verb,
                "group": permission.group,
                "resource": permission.resource,
                "namespace": permission.namespace,
                "name": permission.name,
            },
        }
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        status = (await self._client.request("POST", _ACCESS_REVIEWS, body=body)).get("status") or {}
        return bool(status.get("allowed"))

    async def scope(self, identity: Identity, namespaces: Iterable[str]) -> Scope:
        """What of the namespaces the person may list. Raises ApiError."""
        topics = tuple(Topic)
        allowed = await asyncio.gather(*(self.may(identity, Permission("list", topic)) for topic in topics))
        everywhere = frozenset(topic for topic, yes in zip(topics, allowed, strict=True) if yes)
        pairs = [(topic, namespace) for topic in topics if topic not in everywhere for namespace in sorted(namespaces)]
        answers = await asyncio.gather(*(self.may(identity, Permission("list", t, n)) for t, n in pairs))
        return Scope(everywhere, frozenset(pair for pair, yes in zip(pairs, answers, strict=True) if yes))
