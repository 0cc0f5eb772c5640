"""What a target can answer instead of doing what was asked."""

from __future__ import annotations


class TargetError(Exception):
    """Base of all that goes wrong with a target; the message is a sentence for people, without secrets.

    TargetError
    |- Unreachable    no answer: refused, timed out, connection lost, still starting
    |- AccessDenied   the credentials are wrong; names the Secret's keys to check
    |  `- CredentialsGone   there are none: their Secret does not exist
    |- Exhausted      it answers, and takes no more clients
    |- Full           it answers, and has no room for the write
    |- Refused        any other answer than the one that was asked for
    """


class Unreachable(TargetError):
    """No answer: refused, timed out, connection lost, still starting."""


class AccessDenied(TargetError):
    """The credentials are wrong; never an outage of the target."""


class CredentialsGone(AccessDenied):
    """The Secret that would let us in does not exist."""


class Exhausted(TargetError):
    """It answers, and takes no more clients."""


class Full(TargetError):
    """It answers, and has no room for the write."""


class Refused(TargetError):
    """Any other answer than the one that was asked for."""
