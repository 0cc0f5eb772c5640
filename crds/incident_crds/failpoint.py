"""Where a crash test ends the operator: the operator passes these points, the laptop's crash test names them."""

from __future__ import annotations

from enum import StrEnum


class Failpoint(StrEnum):
    """A point that the operator passes, in the order of a drill."""

    BEFORE_RECORD = "before-record"
    """The target is connected to; how the fault is undone is not on record."""
    RECORDED = "recorded"
    """It is on record; nothing was done."""
    HALF_INJECTED = "half-injected"
    """Something of the fault is on the target, not all; or all of one that is a single step."""
    INJECTED = "injected"
    """All of it is; that is not on record."""
    ACTIVE = "active"
    """It is on record, and the operator watches what comes of it."""
    RECOVERING = "recovering"
    """That it ends is on record; nothing was removed."""
    HALF_RECOVERED = "half-recovered"
    """Something was removed; or all of what is a single step."""
    RECOVERED = "recovered"
    """All was removed, and a scan found nothing; that is not on record."""
    BEFORE_RELEASE = "before-release"
    """The experiment is deleted and clean; its finalizer still holds it."""
    PLAN_PROPOSED = "plan-proposed"
    """A plan is there; nobody has looked at it."""
    PLAN_AWAITING = "plan-awaiting"
    """It has a hash, and waits for a person."""
    PLAN_APPROVED = "plan-approved"
    """The decision is on record; nothing runs."""
    ACTION_STARTED = "action-started"
    """An action's start is on record; it was not run."""
    ACTION_DONE = "action-done"
    """It was run; that is not on record."""
    PLAN_VERIFYING = "plan-verifying"
    """All actions are on record; the recovery is not proven."""

    @property
    def is_of_plan(self) -> bool:
        """Whether it is passed only where there is a plan."""
        return self.name.startswith(("PLAN_", "ACTION_"))
