"""The proxy's environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from typing_extensions import override

_PREFIX = "INCIDENTSIM_PROXY_"
_ADDRESS = Field(pattern=r"^\S+:\d{1,5}$")


class SettingsError(Exception):
    """The environment does not let the proxy start; the message is one line for a person."""


class _Environment(BaseSettings):
    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(env_prefix=_PREFIX)

    listen: Annotated[str, _ADDRESS]
    upstream: Annotated[str, _ADDRESS]
    control_listen: Annotated[str, _ADDRESS]
    token_file: Path
    state_directory: Path


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address."""

    host: str
    port: int

    @override
    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """What the proxy needs to start."""

    listen: Address
    upstream: Address
    control_listen: Address
    state_directory: Path
    token: str = field(repr=False)


def load_settings() -> ProxySettings:
    """From the environment. Raises SettingsError with one line that names the variable and what to do."""
    try:
        env = _Environment()
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(e["loc"], e["msg"]) for e in error.errors())) from None
    folder = env.state_directory
    if not folder.is_dir():
        raise SettingsError(f"{_PREFIX}STATE_DIRECTORY={folder} is not a directory; create it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"{_PREFIX}STATE_DIRECTORY={folder} cannot be written to; let this user write there")
    return ProxySettings(
        listen=_parse_address("LISTEN", env.listen),
        upstream=_parse_address("UPSTREAM", env.upstream),
        control_listen=_parse_address("CONTROL_LISTEN", env.control_listen),
        state_directory=folder.resolve(),
        token=_read_token("TOKEN_FILE", env.token_file),
    )


def _explain(location: tuple[int | str, ...], message: str) -> str:
    name = f"{_PREFIX}{'_'.join(str(part) for part in location).upper()}"
    return f"{name} is not set" if message == "Field required" else f"{name}: {message}"


def _parse_address(variable: str, text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not 1 <= int(port) <= 65535:
        raise SettingsError(f"{_PREFIX}{variable}={text}: a port is from 1 to 65535")
    return Address(host.strip("[]"), int(port))


def _read_token(variable: str, path: Path) -> str:
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{_PREFIX}{variable}={path} cannot be read: {reason}") from None
    if not token:
        raise SettingsError(f"{_PREFIX}{variable}={path} is empty; it must hold a token")
    return token
