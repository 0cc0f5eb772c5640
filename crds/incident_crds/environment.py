"""What the processes share about their settings: addresses, lists, what is wrong in words, and their memory."""

from __future__ import annotations

import gc
from typing import Annotated

from pydantic import AfterValidator, ValidationError


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise ValueError("must be HOST:PORT with a port up to 65535, such as 127.0.0.1:8085")
    return text


HostAndPort = Annotated[str, AfterValidator(_host_and_port)]


def split_address(address: str) -> tuple[str, int]:
    """(host, port) of a valid HOST:PORT; an IPv6 host without its brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def split_list(text: str) -> list[str]:
    """The parts between commas, without those that are empty."""
    return [part.strip() for part in text.split(",") if part.strip()]


def explain_settings(error: ValidationError, prefix: str) -> list[str]:
    """One line for each variable that is wrong. `prefix`: what a field's name has before it in the environment."""
    return [_explain(str(e["loc"][0]) if e["loc"] else "", str(e["msg"]), prefix) for e in error.errors()]


def _explain(field: str, message: str, prefix: str) -> str:
    message = message.removeprefix("Value error, ")
    if not field:
        return message
    variable = field if field.isupper() else f"{prefix}{field}".upper()
    return f"{variable}: {message}"


def settle_memory() -> None:
    """What is loaded stays: keep the collector from walking it for every burst of events."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
