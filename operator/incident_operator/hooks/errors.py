"""A hook that cannot go on says what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from incident_crds.errors import ApiError, Forbidden, NotUnderstood


class HookFailed(Exception):
    """The message is for whoever called Helm."""


@contextmanager
def explained(what: str, *, role: str) -> Iterator[None]:
    """Says of an API error what could not be done; `role` names the roles that give the right to."""
    try:
        yield
    except Forbidden as error:
        advice = f"the hook's account needs the roles named {role} of this version"
        raise HookFailed(f"cannot {what}: {error}; {advice}") from error
    except NotUnderstood as error:
        raise HookFailed(f"cannot {what}: {error}; run the hook of the version that wrote it") from error
    except ApiError as error:
        raise HookFailed(f"cannot {what}: {error}; running the hook again does no harm") from error
