"""The shop's parts alone; what it does to Postgres while Redis is slow is in tests/loop/test_cascade.py."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from incident_operator.shop.pool import Pool
from tests.processes import clean_environment


async def test_a_pool_keeps_few_and_none_that_failed() -> None:
    numbers, closed = count(1), []

    async def make() -> int:
        return next(numbers)

    async def close(one: int) -> None:
        closed.append(one)

    pool, all_taken = Pool(make, close, kept=2), asyncio.Barrier(3)

    async def use() -> None:
        async with pool.taken():
            await all_taken.wait()

    await asyncio.gather(use(), use(), use())
    assert len(closed) == 1, "three were needed at once, and two are kept"
    with pytest.raises(OSError, match="gone"):
        async with pool.taken() as failed:
            raise OSError("gone")
    assert closed[1:] == [failed]
    async with pool.taken() as again:
        assert again not in closed
    await pool.close()
    assert sorted(closed) == [1, 2, 3]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"INCIDENTSIM_SHOP_POSTGRES": "http://x"}, "INCIDENTSIM_SHOP_POSTGRES: String should match"),
        (
            {"INCIDENTSIM_SHOP_POSTGRES_PASSWORD_FILE": "/no/such/file"},
            "POSTGRES_PASSWORD_FILE=/no/such/file cannot be",
        ),
        ({"INCIDENTSIM_SHOP_SESSIONS": "0"}, "INCIDENTSIM_SHOP_SESSIONS: Input should be greater"),
    ],
)
def test_it_says_which_setting_keeps_it_from_starting(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    (tmp_path / "password").write_text("secret")
    good = {
        "INCIDENTSIM_SHOP_POSTGRES": "postgresql://127.0.0.1:1/app",
        "INCIDENTSIM_SHOP_POSTGRES_PASSWORD_FILE": str(tmp_path / "password"),
        "INCIDENTSIM_SHOP_REDIS": "redis://127.0.0.1:1/0",
        "INCIDENTSIM_SHOP_REDIS_PASSWORD_FILE": str(tmp_path / "password"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "incident_operator.shop"],
        env=clean_environment() | good | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("shop: ")
    assert words in done.stderr
