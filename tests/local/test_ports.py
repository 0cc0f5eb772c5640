"""Ports: what was asked for, else what it was last time, else a free one."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import closing
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
    with closing(PortBook(tmp_path / "ports.json", {})) as first:
        ports = {name: first.claim(name) for name in ("etcd", "control")}
    assert len(set(ports.values())) == 2
    with closing(PortBook(tmp_path / "ports.json", {})) as second:
        assert {name: second.claim(name) for name in ("control", "etcd")} == ports


@pytest.mark.skipif(sys.platform != "linux", reason="there is no abstract socket to reserve a port with")
def test_two_stacks_that_start_at_once_take_no_port_twice(tmp_path: Path) -> None:
    with closing(PortBook(tmp_path / "one.json", {})) as one, closing(PortBook(tmp_path / "two.json", {})) as two:
        port = one.claim("etcd")
        assert is_free(port), "nobody listens there yet"
        (tmp_path / "two.json").write_text(f'{{"etcd": {port}}}')
        with closing(PortBook(tmp_path / "two.json", {})) as again:
            assert again.claim("etcd") != port
        with pytest.raises(PortTaken), closing(PortBook(tmp_path / "three.json", {"etcd": port})) as three:
            three.claim("etcd")
        assert two.claim("etcd") != port


def test_kept_port_that_is_taken_now_gives_way(tmp_path: Path, taken: int) -> None:
    (tmp_path / "ports.json").write_text(f'{{"etcd": {taken}}}')
    with closing(PortBook(tmp_path / "ports.json", {})) as book:
        port = book.claim("etcd")
    assert port != taken
    assert is_free(port)


def test_configured_port_that_is_taken_is_an_error_that_names_it(tmp_path: Path, taken: int) -> None:
    with pytest.raises(PortTaken) as caught:
        PortBook(tmp_path / "ports.json", {"redis-test": taken}).claim("redis-test")
    assert f"Port {taken} for redis-test is taken" in str(caught.value)
    assert "unset INCIDENTSIM_REDIS_PORT" in str(caught.value)
    assert not (tmp_path / "ports.json").exists()


def test_two_cannot_be_configured_to_the_same_port(tmp_path: Path) -> None:
    with closing(PortBook(tmp_path / "other.json", {})) as other:
        free = other.claim("etcd")
    with closing(PortBook(tmp_path / "ports.json", {"etcd": free, "control": free})) as book:
        book.claim("etcd")
        with pytest.raises(PortTaken, match=f"Port {free} for control is also another part's") as raised:
            book.claim("control")
    assert "INCIDENTSIM_CONTROL_PORT" in str(raised.value)
