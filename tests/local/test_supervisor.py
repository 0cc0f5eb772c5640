"""The supervisor with real processes; its delays on virtual time."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from incident_local import processes
from incident_local.backoff import Backoff
from incident_local.errors import ControlPlaneDied, StartFailed
from incident_local.processes import Child, Command, birth_of
from incident_local.stopping import descendants
from incident_local.supervisor import OnExit, Service, Supervisor

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def always() -> bool:
    return True


async def never() -> bool:
    return False


def service(tmp_path: Path, script: str, on_exit: OnExit, *, name: str = "child", ready_seconds: float = 10) -> Service:
    command = Command(name, (sys.executable, "-c", script), tmp_path / f"{name}.log", dict(os.environ))
    return Service(command, always, on_exit, ready_seconds)


class VirtualTime:
    """Sleeps take no time, and the clock says they did. Each process `lives` so long before it ends."""

    def __init__(self, lives: list[float], tries: int) -> None:
        self.now = NOON
        self.delays: list[float] = []
        self.done = asyncio.Event()
        self._lives = iter(lives)
        self._tries = tries

    def read(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.delays.append(seconds)
        self.now += timedelta(seconds=seconds)
        if len(self.delays) == self._tries:
            self.done.set()
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("lives", "delays"),
    [
        ([0, 0, 0, 0, 0, 0, 0, 0], [0.5, 1, 2, 4, 8, 16, 30, 30]),
        ([0, 0, 59, 60, 0], [0.5, 1, 2, 0.5, 1]),
        ([3600], [0.5]),
    ],
)
def test_backoff_doubles_and_forgets_after_a_healthy_life(lives: list[float], delays: list[float]) -> None:
    backoff, now, seen = Backoff(), NOON, []
    for life in lives:
        ended = now + timedelta(seconds=life)
        delay, backoff = backoff.after_exit(now, ended)
        seen.append(delay.total_seconds())
        now = ended + delay
    assert seen == delays


async def test_restarts_aloud_and_ever_later(tmp_path: Path) -> None:
    said: list[str] = []
    time = VirtualTime([], tries=4)
    async with Supervisor(said.append, now=time.read, sleep=time.sleep) as supervisor:
        await supervisor.start(service(tmp_path, "raise SystemExit(3)", OnExit.RESTART))
        async with asyncio.timeout(30):
            await time.done.wait()
    assert time.delays == [0.5, 1, 2, 4]
    assert said[0].startswith("child ended with exit code 3. Starting it again in 0.5 s. Log: ")
    assert len(said) == 4


async def test_target_is_left_down_and_said_so(tmp_path: Path) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    async with Supervisor(said.put_nowait) as supervisor:
        await supervisor.start(service(tmp_path, "import time; time.sleep(60)", OnExit.LEAVE))
        os.kill(supervisor.pids()["child"], signal.SIGKILL)
        text = await asyncio.wait_for(said.get(), 10)
        assert "child was ended by SIGKILL" in text
        assert "only through its control endpoint" in text
        assert not supervisor.state("child").running
        await supervisor.resume("child")
        assert supervisor.state("child").running


async def test_end_of_the_control_plane_ends_all_with_its_log(tmp_path: Path) -> None:
    async with Supervisor(pytest.fail) as supervisor:
        script = "import sys, time; print('disk on fire', flush=True); sys.stdin.read(); time.sleep(60)"
        await supervisor.start(service(tmp_path, script, OnExit.STOP_ALL, name="control-plane"))
        async with asyncio.timeout(10):
            while "fire" not in (tmp_path / "control-plane.log").read_text():  # noqa: ASYNC110 - of another process, which has no event here
                await asyncio.sleep(0.01)
        os.kill(supervisor.pids()["control-plane"], signal.SIGKILL)
        failure = await asyncio.wait_for(supervisor.wait_failure(), 10)
    assert isinstance(failure, ControlPlaneDied)
    assert "disk on fire" in str(failure)
    assert str(tmp_path / "control-plane.log") in str(failure)


async def test_process_that_ends_before_it_is_ready_is_a_failed_start(tmp_path: Path) -> None:
    made = service(tmp_path, "raise SystemExit('no such option')", OnExit.LEAVE)
    async with Supervisor(pytest.fail) as supervisor:
        with pytest.raises(StartFailed, match="exit code 1 before it was ready") as caught:
            await supervisor.start(Service(made.command, never, OnExit.LEAVE))
    assert "no such option" in str(caught.value)


async def test_process_that_does_not_get_ready_is_stopped(tmp_path: Path) -> None:
    made = service(tmp_path, "import time; time.sleep(60)", OnExit.LEAVE)
    async with Supervisor(pytest.fail) as supervisor:
        with pytest.raises(StartFailed, match=r"not ready within 0\.2 s"):
            await supervisor.start(Service(made.command, never, OnExit.LEAVE, 0.2))
        pid = supervisor.pids()["child"]
    assert birth_of(pid) is None


async def test_missing_program_is_named(tmp_path: Path) -> None:
    command = Command("child", ("/nowhere/child",), tmp_path / "child.log", {})
    async with Supervisor(pytest.fail) as supervisor:
        with pytest.raises(StartFailed, match="/nowhere/child"):
            await supervisor.start(Service(command, always, OnExit.LEAVE))


async def test_stops_in_reverse_order_and_insists(tmp_path: Path) -> None:
    """The second one ignores SIGTERM, and has a child of its own."""
    order = tmp_path / "order"
    note = "signal.signal(15, lambda *_: (open({!r}, 'a').write({!r}), sys.exit()))"
    stubborn = (
        "signal.signal(15, signal.SIG_IGN); subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    )
    wait = "print('up', flush=True)\nwhile True: time.sleep(60)"
    scripts = {
        "first": note.format(str(order), "first "),
        "second": stubborn,
        "third": note.format(str(order), "third "),
    }
    async with Supervisor(pytest.fail) as supervisor:
        for name, script in scripts.items():
            full = f"import signal, subprocess, sys, time\n{script}\n{wait}"
            made = service(tmp_path, full, OnExit.LEAVE, name=name)
            log = made.command.log

            async def is_up(log: Path = log) -> bool:
                return "up" in log.read_text()

            patience = 0.3 if name == "second" else 30
            command = Command(name, made.command.argv, log, made.command.environment, stop_seconds=patience)
            await supervisor.start(Service(command, is_up, OnExit.LEAVE))
        grandchildren = descendants(supervisor.pids()["second"])
        assert grandchildren
    assert order.read_text() == "third first "
    async with asyncio.timeout(10):
        while any(birth_of(pid) for pid in grandchildren):  # noqa: ASYNC110 - of another process, which has no event here
            await asyncio.sleep(0.01)


async def test_an_interrupt_during_the_stop_leaves_nothing_running(tmp_path: Path) -> None:
    """The first Ctrl-C may come while everything is being stopped already, or after a failed start."""
    stubborn = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
    pids: list[int] = []
    begun = asyncio.Event()

    async def run() -> None:
        async with Supervisor(pytest.fail) as supervisor:
            for name in ("first", "second", "third"):
                made = service(tmp_path, stubborn, OnExit.LEAVE, name=name)
                log = made.command.log

                async def is_up(log: Path = log) -> bool:
                    return "up" in log.read_text()

                command = Command(name, made.command.argv, log, made.command.environment, stop_seconds=0.2)
                await supervisor.start(Service(command, is_up, OnExit.LEAVE))
            pids.extend(supervisor.pids().values())
            begun.set()

    task = asyncio.create_task(run())
    await begun.wait()
    for _ in range(3):
        await asyncio.sleep(0)  # into the stop
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [birth_of(pid) for pid in pids] == [None, None, None]


async def test_one_that_cannot_be_stopped_keeps_nobody_from_stopping_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Child.stop

    async def fail_second(child: Child) -> None:
        await stop(child)
        if child.command.name == "second":
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Child, "stop", fail_second)
    supervisor = Supervisor(pytest.fail)
    for name in ("first", "second", "third"):
        await supervisor.start(service(tmp_path, "import time; time.sleep(60)", OnExit.LEAVE, name=name))
    pids = list(supervisor.pids().values())
    with pytest.raises(PermissionError):
        await supervisor.stop_all()
    assert [birth_of(pid) for pid in pids] == [None, None, None]


async def test_work_ends_with_the_failure_of_what_it_needs(tmp_path: Path) -> None:
    async with Supervisor(pytest.fail) as supervisor:
        made = service(tmp_path, "import time; time.sleep(60)", OnExit.STOP_ALL, name="control-plane")
        await supervisor.start(made)
        assert await supervisor.unless_failed(asyncio.sleep(0, "done")) == "done"
        os.kill(supervisor.pids()["control-plane"], signal.SIGKILL)
        with pytest.raises(ControlPlaneDied, match="control-plane was ended by SIGKILL"):
            await supervisor.unless_failed(asyncio.Event().wait())


async def test_the_group_of_one_that_ended_is_ended_at_once_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number may be another's by the time that everything is stopped."""
    killed: list[int] = []
    monkeypatch.setattr(processes, "kill_group", killed.append)
    child = await Child.start(service(tmp_path, "", OnExit.LEAVE).command)
    assert await child.wait() == 0
    assert killed == [child.pid]
    await child.stop()
    assert killed == [child.pid]


async def test_logs_of_earlier_runs_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        async with Supervisor(lambda _: None) as supervisor:
            await supervisor.start(service(tmp_path, f"print({number})", OnExit.LEAVE))
            async with asyncio.timeout(10):
                while supervisor.state("child").running:  # noqa: ASYNC110 - of another process, which has no event here
                    await asyncio.sleep(0.01)
    texts = [(tmp_path / name).read_text() for name in ("child.log", "child.log.1", "child.log.2")]
    assert texts == ["4\n", "3\n", "2\n"]
    assert len(list(tmp_path.iterdir())) == 3
