"""What the swarm's boards see in the bytes they read, however these are cut."""

from __future__ import annotations

import time

import pytest

from benchmarks.marks import make_mark
from benchmarks.swarm.chunks import ChunkReader
from benchmarks.swarm.histogram import Histogram
from benchmarks.swarm.tally import Tally
from benchmarks.websocket import PING, PING_BYTE, PONG, FrameReader, masked_frame


def read_all(pieces: list[bytes]) -> tuple[list[int], bytes]:
    """(numbers of the marks, pongs) as a board finds them."""
    reader, tail = ChunkReader(), b""
    numbers, pongs = [], b""
    for piece in pieces:
        chunk = reader.read(tail + piece)
        tail = chunk.tail
        numbers += [number for number, _ in chunk.marks]
        pongs += chunk.pongs
    return numbers, pongs


def test_a_mark_is_found_once_wherever_the_chunks_are_cut() -> None:
    text = f'{{"title":"a ^ b {make_mark(7)}"}}{{"title":"{make_mark(8)}"}}'.encode()
    for cut in range(len(text) + 1):
        numbers, _ = read_all([text[:cut], text[cut:]])
        assert numbers == [7, 8], f"cut at {cut}"


def test_a_ping_is_answered_wherever_the_chunks_are_cut() -> None:
    data = b"\x81\x02{}" + PING_BYTE + b"\x04beat" + b"\x81\x02{}"
    for cut in range(len(data) + 1):
        _, pongs = read_all([data[:cut], data[cut:]])
        assert pongs.endswith(masked_frame(PONG, b"beat")), f"cut at {cut}"


def test_a_tally_counts_a_mark_once_for_each_board() -> None:
    tally = Tally(boards=2, first=10, size=2)
    now = time.monotonic_ns()
    for board, number in [(0, 10), (0, 10), (0, 11), (1, 11), (1, 99), (1, 9)]:
        tally.take(board, ((number, now - 5_000_000),))
    assert tally.counts == [2, 1]
    assert tally.complete(2) == 1
    assert tally.latencies.total == 3


def test_percentiles_are_exact_to_a_tenth_of_a_millisecond() -> None:
    histogram = Histogram()
    for milliseconds in range(1000):
        histogram.add(milliseconds * 1_000_000)
    assert histogram.summary() == {
        "p50": pytest.approx(499, abs=0.11),
        "p95": pytest.approx(949, abs=0.11),
        "p99": pytest.approx(989, abs=0.11),
        "max": 999.0,
    }
    assert Histogram().summary()["p99"] is None


def test_messages_in_pieces_are_joined_and_control_frames_passed_over() -> None:
    long = b"x" * 70_000
    frames = b"\x01\x02ab" + bytes([0x80 | PING, 0]) + b"\x80\x02cd" + b"\x81\x7f" + len(long).to_bytes(8, "big") + long
    reader = FrameReader()
    messages = [message for at in range(len(frames)) for message in reader.feed(frames[at : at + 1])]
    assert messages == [b"abcd", long]


def test_a_compressed_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="compressed"):
        FrameReader().feed(b"\xc1\x02{}")
