"""What clients get through the proxy: bytes, ends, failures, delay, and a bound to what it keeps."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Any

import pytest

from incident_operator.proxy.forwarding import Forwarder
from tests.processes import free_port
from tests.systems.proxying import connected, echo, forwarding, tcp_server
from tests.waiting import eventually

MIB = 1024 * 1024


async def test_bytes_and_a_half_closed_client_get_through() -> None:
    async def answer_after_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        content = await reader.read(-1)
        writer.write(content[::-1])
        await writer.drain()

    content = bytes(range(256)) * 8192
    async with tcp_server(answer_after_the_end) as server, forwarding(server) as (_, port), connected(port) as link:
        reader, writer = link
        writer.write(content)
        writer.write_eof()
        async with asyncio.timeout(5):
            assert await reader.read(-1) == content[::-1]


async def test_a_client_may_go_on_after_the_server_has_ended_its_side() -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def end_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        heard.set_result(await reader.read(-1))

    async with tcp_server(end_first) as server, forwarding(server) as (_, port), connected(port) as (reader, writer):
        async with asyncio.timeout(5):
            assert await reader.read(-1) == b""
            writer.write(b"late")
            writer.write_eof()
            assert await heard == b"late"


async def test_a_client_is_reset_at_once_where_the_server_is_down() -> None:
    async with forwarding(free_port()) as (forwarder, port):
        forwarder.set_delay(60)
        async with asyncio.timeout(1), connected(port) as (reader, _):
            with pytest.raises(ConnectionResetError):
                await reader.read(1)


async def test_a_reset_by_the_server_reaches_the_client() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with tcp_server(reset) as server, forwarding(server) as (_, port), connected(port) as (reader, writer):
        writer.write(b"a")
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionResetError):
                await reader.read(-1)


async def test_a_client_that_goes_takes_its_connection_to_the_server_along() -> None:
    ended = asyncio.Event()

    async def wait_for_the_end(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        try:
            await reader.read(-1)
        finally:
            ended.set()

    async with tcp_server(wait_for_the_end) as server, forwarding(server) as (forwarder, port):
        forwarder.set_delay(60)
        async with connected(port) as (_, writer):
            writer.write(b"x")
            await writer.drain()
            writer.transport.abort()
        async with asyncio.timeout(5):
            await ended.wait()


async def test_each_chunk_is_late_by_the_delay_and_all_of_them_overlap() -> None:
    delay, count = 0.15, 8
    sent: asyncio.Queue[float] = asyncio.Queue()

    async def stamp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1):
            sent.put_nowait(time.monotonic())
            writer.write(data)
            await writer.drain()

    async with tcp_server(stamp) as server, forwarding(server) as (forwarder, port), connected(port) as link:
        reader, writer = link
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        await sent.get()
        forwarder.set_delay(delay)  # on the connection that is there already

        async def receive() -> list[tuple[bytes, float]]:
            return [(await reader.readexactly(1), time.monotonic()) for _ in range(count)]

        receiving = asyncio.create_task(receive())
        since = []
        for number in range(count):
            writer.write(b"%d" % number)
            since.append(await sent.get())
        got = await receiving
    assert b"".join(byte for byte, _ in got) == b"01234567"
    late = [at - begin for (_, at), begin in zip(got, since, strict=True)]
    assert min(late) >= delay - 0.002
    assert max(late) < delay * 2  # one after the other, the last would be late by count * delay


async def test_the_end_of_the_data_is_as_late_as_the_data() -> None:
    async def talk_and_end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")

    async with tcp_server(talk_and_end) as server, forwarding(server) as (forwarder, port):
        forwarder.set_delay(0.1)
        begin = time.monotonic()
        async with asyncio.timeout(5), connected(port) as (reader, _):
            assert await reader.read(-1) == b"bye"
        assert time.monotonic() - begin >= 0.098


async def test_what_waits_for_a_client_that_has_gone_keeps_no_other_waiting() -> None:
    async with tcp_server(echo) as server, forwarding(server) as (forwarder, port):
        forwarder.set_delay(60)
        async with connected(port) as (_, writer):
            writer.write(b"unread")
            writer.write_eof()
            await eventually(lambda: _holds(forwarder, b"unread"), "the answer", 5)
        # it is closed now: data for it are answered by a reset before the end of the data can be told
        async with connected(port) as (reader, writer):
            writer.write(b"mine")
            await eventually(lambda: _holds(forwarder, b"unreadmine"), "both answers", 5)
            forwarder.set_delay(0)
            async with asyncio.timeout(1):
                assert await reader.readexactly(4) == b"mine"


async def _holds(forwarder: Forwarder, content: bytes) -> bool:
    return sum(link.kept_bytes for link in forwarder.links) == len(content)


async def test_without_delay_waiting_chunks_go_out_at_once_and_in_order() -> None:
    async with tcp_server(echo) as server, forwarding(server) as (forwarder, port), connected(port) as (reader, writer):
        forwarder.set_delay(60)
        writer.write(b"first")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        forwarder.set_delay(0)
        writer.write(b"second")
        async with asyncio.timeout(1):
            assert await reader.readexactly(11) == b"firstsecond"


@pytest.mark.parametrize("delay", [0, 0.02])
async def test_a_client_that_does_not_read_stops_the_server(delay: float) -> None:
    written, moved_at, total = 0, time.monotonic(), 64 * MIB

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written, moved_at
        while written < total:
            writer.write(bytes(65536))
            await writer.drain()
            written, moved_at = written + 65536, time.monotonic()

    async def is_stuck() -> bool:
        return written > 0 and time.monotonic() - moved_at > 0.25

    async with tcp_server(flood) as server, forwarding(server) as (forwarder, port), connected(port) as (reader, _):
        forwarder.set_delay(delay)
        await eventually(is_stuck, "the server's waiting")
        kept = sum(link.kept_bytes for link in forwarder.links)
        assert kept < 1.5 * MIB
        assert written < total / 2  # the kernel's buffers on both ways take some
        forwarder.set_delay(0)
        got = 0
        async with asyncio.timeout(10):
            while chunk := await reader.read(MIB):
                got += len(chunk)
        assert got == total


async def test_a_server_that_does_not_read_stops_the_client() -> None:
    may_read = asyncio.Event()
    heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def read_late(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await may_read.wait()
        heard.set_result(len(await reader.read(-1)))

    async with tcp_server(read_late) as server, forwarding(server) as (forwarder, port), connected(port) as (_, writer):
        written, moved_at = 0, time.monotonic()

        async def flood() -> None:
            nonlocal written, moved_at
            while written < 64 * MIB:
                writer.write(bytes(65536))
                await writer.drain()
                written, moved_at = written + 65536, time.monotonic()
            writer.write_eof()

        async def is_stuck() -> bool:
            return written > 0 and time.monotonic() - moved_at > 0.25

        flooding = asyncio.create_task(flood())
        await eventually(is_stuck, "the client's waiting")
        assert sum(link.kept_bytes for link in forwarder.links) < 1.5 * MIB
        may_read.set()
        async with asyncio.timeout(10):
            await flooding
            assert await heard == 64 * MIB


@pytest.mark.parametrize("ends", [False, True])
async def test_what_a_client_sends_before_the_server_is_there_gets_through(
    monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    loop, gate = asyncio.get_running_loop(), asyncio.Event()
    connect = loop.create_connection

    async def connect_late(*arguments: Any, **more: Any) -> Any:
        await gate.wait()
        return await connect(*arguments, **more)

    async with tcp_server(echo) as server, forwarding(server) as (forwarder, port):
        with socket.socket() as client:
            client.setblocking(False)
            monkeypatch.setattr(loop, "create_connection", connect_late)
            await loop.sock_connect(client, ("127.0.0.1", port))
            await loop.sock_sendall(client, b"early")
            if ends:
                client.shutdown(socket.SHUT_WR)

            async def has_arrived() -> bool:
                return sum(link.kept_bytes for link in forwarder.links) == len(b"early")

            await eventually(has_arrived, "the early bytes", 5)
            gate.set()
            async with asyncio.timeout(5):
                assert await loop.sock_recv(client, 100) == b"early"
                assert not ends or await loop.sock_recv(client, 100) == b""
