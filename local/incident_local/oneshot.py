"""Runs a program to its end: every line seen as it comes, all of it in a log, nothing left when we are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from incident_local.processes import Account, die_with_parent, kill_group

_LONGEST_LINE = 1024 * 1024


def _ignore(_: str) -> None:
    return


async def run_to_end(
    argv: tuple[str, ...],
    *,
    environment: dict[str, str],
    log: Path,
    timeout_seconds: float,
    folder: Path | None = None,
    account: Account | None = None,
    stdin: str = "",
    on_line: Callable[[str], None] = _ignore,
) -> int:
    """Return code of the program. Raises OSError when it cannot be started, TimeoutError when it takes too long."""
    log.parent.mkdir(parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        cwd=folder,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        start_new_session=True,
        preexec_fn=die_with_parent(),
        limit=_LONGEST_LINE,
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the program was started without pipes")
    try:
        async with asyncio.timeout(timeout_seconds):
            with suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(stdin.encode())
                await process.stdin.drain()
            process.stdin.close()
            with log.open("a", encoding="utf-8") as file:
                async for raw in process.stdout:
                    line = raw.decode(errors="replace").rstrip()
                    file.write(line + "\n")
                    on_line(line)
            return await process.wait()
    finally:
        if process.returncode is None:
            kill_group(process.pid)
            await process.wait()
