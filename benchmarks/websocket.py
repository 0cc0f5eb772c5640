"""The little of RFC 6455 that a client needs which only listens: opening, pongs, and a strict reader for samples."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

PING, PONG, CLOSE, TEXT, CONTINUATION = 0x9, 0xA, 0x8, 0x1, 0x0
PING_BYTE = bytes([0x80 | PING])
_LONGEST_CONTROL = 125


def opening_request(host: str, path: str, headers: Mapping[str, str], subprotocol: str) -> bytes:
    """The request that asks for a WebSocket. No extension is offered, so that frames arrive uncompressed."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        *([f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []),
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def is_accepted(answer: bytes) -> bool:
    """Whether the head of the answer is a switch of protocols."""
    return answer.startswith(b"HTTP/1.1 101 ")


def masked_frame(opcode: int, payload: bytes) -> bytes:
    """A final frame from a client, with at most 125 bytes. The mask is zero, which is a valid one."""
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


def pongs_for(data: bytes) -> tuple[bytes, int]:
    """(answers to whatever in the data may be a ping, where a cut-off one begins or -1).

    Frames are not followed here, so that a text with the same byte gets an answer too. That is
    allowed: a pong that nobody asked for has no meaning.
    """
    answers, at = b"", data.find(PING_BYTE)
    while at >= 0:
        if at + 1 >= len(data):
            return answers, at
        length = data[at + 1]
        if length <= _LONGEST_CONTROL:
            if at + 2 + length > len(data):
                return answers, at
            answers += masked_frame(PONG, data[at + 2 : at + 2 + length])
        at = data.find(PING_BYTE, at + 1)
    return answers, -1


class FrameReader:
    """Reads a server's frames strictly, and gives whole text messages. Raises ValueError on nonsense."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._message = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The text messages that the data complete."""
        self._buffer += data
        messages = []
        while (frame := self._next_frame()) is not None:
            opcode, is_final, payload = frame
            if opcode not in (TEXT, CONTINUATION, PING, PONG, CLOSE):
                raise ValueError(f"a frame with opcode {opcode}")
            if opcode in (TEXT, CONTINUATION):
                self._message += payload
                if is_final:
                    messages.append(bytes(self._message))
                    self._message.clear()
        return messages

    def _next_frame(self) -> tuple[int, bool, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        if buffer[1] & 0x80 or buffer[0] & 0x70:
            raise ValueError("a frame that is masked or compressed")
        length, start = buffer[1], 2
        if length > _LONGEST_CONTROL:
            start = 4 if length == _LONGEST_CONTROL + 1 else 10
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + length:
            return None
        payload = bytes(buffer[start : start + length])
        opcode, is_final = buffer[0] & 0x0F, bool(buffer[0] & 0x80)
        del buffer[: start + length]
        return opcode, is_final, payload
