"""Ports: what was asked for, else what it was last time, else a free one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from incident_local.errors import PortTaken
from incident_local.ports import LOOPBACK, PortBook, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_kept_over_a_restart(tmp_path: Path) -> None:
    first = PortBook(tmp_path / "ports.json", {})
    ports = {name: first.claim(name) for name in ("etcd", "control")}
    assert len(set(ports.values())) == 2
    second = PortBook(tmp_path / "ports.json", {})
    assert {name: second.claim(name) for name in ("control", "etcd")} == ports


def test_kept_port_that_is_taken_now_gives_way(tmp_path: Path, taken: int) -> None:
    (tmp_path / "ports.json").write_text(f'{{"etcd": {taken}}}')
    book = PortBook(tmp_path / "ports.json", {})
    port = book.claim("etcd")
    assert port != taken
    assert is_free(port)


def test_one_port_for_two_parts_is_told_as_that(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json", {"etcd": 20999, "control": 20999})
    book.claim("etcd")
    with pytest.raises(PortTaken, match="also another part's") as raised:
        book.claim("control")
    assert "INCIDENTSIM_CONTROL_PORT" in str(raised.value)


def test_configured_port_that_is_taken_is_an_error_that_names_it(tmp_path: Path, taken: int) -> None:
    with pytest.raises(PortTaken) as caught:
        PortBook(tmp_path / "ports.json", {"redis-test": taken}).claim("redis-test")
    assert f"Port {taken} for redis-test is taken" in str(caught.value)
    assert "unset INCIDENTSIM_REDIS_PORT" in str(caught.value)
    assert not (tmp_path / "ports.json").exists()


def test_two_cannot_be_configured_to_the_same_port(tmp_path: Path) -> None:
    free = PortBook(tmp_path / "other.json", {}).claim("etcd")
    book = PortBook(tmp_path / "ports.json", {"etcd": free, "control": free})
    book.claim("etcd")
    with pytest.raises(PortTaken, match=f"Port {free} for control"):
        book.claim("control")
