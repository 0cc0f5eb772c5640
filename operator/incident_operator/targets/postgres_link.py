"""Connecting to Postgres, and its errors in our words."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import psycopg

from incident_operator.targets.errors import AccessDenied, Exhausted, Full, Refused, TargetError, Unreachable

T = TypeVar("T")
PostgresConnection = psycopg.AsyncConnection[tuple[Any, ...]]

_CANCEL_GRACE = timedelta(milliseconds=500)
_EXHAUSTED_WORDS = ("too many clients", "remaining connection slots", "too many connections")
_STARTING_WORDS = ("starting up", "shutting down", "not yet accepting", "in recovery mode")
_DENIED_WORDS = ("password authentication failed", "no password supplied", "no pg_hba.conf entry")


@dataclass(frozen=True, slots=True)
class PostgresLogin:
    """Where to connect and as whom. `secret_keys` are named when the server does not take them."""

    endpoint: str
    address: str
    database: str | None
    username: str
    password: str = field(repr=False)
    secret_keys: str
    timeout: timedelta


async def connect(login: PostgresLogin, application_name: str, settings: dict[str, str]) -> PostgresConnection:
    """A new session in autocommit, with server settings of its own. Raises TargetError."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    try:
        return await psycopg.AsyncConnection.connect(
            login.endpoint,
            autocommit=True,
            prepare_threshold=None,  # the server would keep a plan for each text, and texts change with each tag
            dbname=login.database,
            user=login.username,
            password=login.password,
            application_name=application_name,
            client_encoding="UTF8",  # else a server in SQL_ASCII would give bytes for text
            options=options,
            gssencmode="disable",
            # libpq counts whole seconds and takes 1 for 2; the caller's own bound is exact
            connect_timeout=max(2, int(login.timeout.total_seconds())),
        )
    except psycopg.Error as error:
        raise translate_connect_error(error, login) from error


async def bounded(operation: Coroutine[Any, Any, T], timeout: timedelta, address: str) -> T:
    """The operation's result, or Unreachable when its time is over.

    psycopg answers a cancellation by asking the server to cancel, for up to ten seconds where the
    server hangs: the caller does not wait for that.
    """
    task = asyncio.ensure_future(operation)
    task.add_done_callback(_take_error)
    try:
        done, _ = await asyncio.wait({task}, timeout=timeout.total_seconds())
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_GRACE.total_seconds())
        raise
    if not done:
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_GRACE.total_seconds())
        raise Unreachable(f"{address} did not answer within {timeout.total_seconds():g} s")
    return task.result()


def _take_error(task: asyncio.Future[Any]) -> None:
    """An abandoned task's error is nobody's: without this, the loop would report it when it is collected."""
    if not task.cancelled():
        task.exception()


def translate_connect_error(error: psycopg.Error, login: PostgresLogin) -> TargetError:
    """For a failed connect, where libpq gives no code: the server's words, else its silence."""
    text = " ".join(str(error).split())
    if any(words in text for words in _EXHAUSTED_WORDS):
        return Exhausted(f"{login.address} takes no more clients: {_last_part(text)}")
    if any(words in text for words in _DENIED_WORDS):
        user = login.username
        return AccessDenied(
            f"{login.address} does not take the credentials of {user!r}; check the Secret's {login.secret_keys}"
        )
    if "FATAL:" in text and not any(words in text for words in _STARTING_WORDS):
        return Refused(f"{login.address} refused the connection: {_last_part(text)}")
    return Unreachable(f"{login.address} does not answer: {_last_part(text)}")


def translate_error(error: psycopg.Error, address: str) -> TargetError:
    """For a statement that failed, by its SQLSTATE."""
    text = " ".join(str(error).split())[:256]
    match error.sqlstate:
        case "57014":
            return Unreachable(f"{address} took too long: {text}")
        case "53300":
            return Exhausted(f"{address} takes no more clients: {text}")
        case "53100" | "53200":
            return Full(f"{address} has no room: {text}")
        case "57P01" | "57P02" | "57P03" | "57P04" | "57P05":
            return Unreachable(f"{address} ended the session: {text}")
        case None if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return Unreachable(f"{address} lost the connection: {text}")
        case _:
            return Refused(f"{address} refused: {text}")


def _last_part(text: str) -> str:
    return text.rpartition("FATAL:")[2].strip()[:256]
