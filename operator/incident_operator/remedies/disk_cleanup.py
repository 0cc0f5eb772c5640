"""Deletes the named files through the agent, which lets no path leave the disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.remedies.base import Evidence, Remedy, judge_removal, number
from incident_operator.targets import Refused, Target
from incident_operator.targets.base import narrow
from incident_operator.targets.disk import DiskTarget


class DiskCleanup(Remedy):
    """Exactly these files, no pattern."""

    type: ClassVar[ActionType] = ActionType.DISK_CLEANUP
    system_type: ClassVar[SystemType | None] = SystemType.DISK
    risk: ClassVar[Risk] = Risk.MEDIUM
    reversible: ClassVar[bool] = False

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        disk, wanted = narrow(target, DiskTarget), _files(params)
        sizes = [f.bytes for name in wanted for f in await disk.largest_files(prefix=name) if f.path == name]
        usage = await disk.usage()
        return {
            "files": len(sizes),
            "fileBytes": sum(sizes),
            "usedBytes": usage.used_bytes,
            "totalBytes": usage.total_bytes,
        }

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        done = await narrow(target, DiskTarget).delete(_files(params))
        gone = f", {len(done.missing)} were not there" if done.missing else ""
        return f"deleted {len(done.deleted)} files of {done.freed_bytes} bytes{gone}"

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        return judge_removal(number(before, "fileBytes"), number(after, "fileBytes"), "bytes in the files")


def _files(params: ActionParams) -> list[str]:
    if not params.files:
        raise Refused("the action needs params.files, so nothing was done")
    return params.files
