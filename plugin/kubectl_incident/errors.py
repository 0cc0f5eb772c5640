"""Everything that can go wrong, as a person should read it.

PluginError
├── UsageError          the command was not given as it should be
└── KubectlFailed       kubectl answered with an error
    ├── Forbidden
    ├── Missing         there is no such object
    └── Changed         the object is not the one that was read
"""

from __future__ import annotations


class PluginError(Exception):
    """What happened and why; `remedy` is what to do about it."""

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class UsageError(PluginError):
    """The command line was wrong."""

    exit_code = 2


class KubectlFailed(PluginError):
    """kubectl ended with an error."""


class Forbidden(KubectlFailed):
    """The cluster says that this user may not do that."""


class Missing(KubectlFailed):
    """There is no object of that name."""


class Changed(KubectlFailed):
    """Somebody wrote to the object since it was read."""
