"""The agent's environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "INCIDENTSIM_AGENT_"


class SettingsError(Exception):
    """The environment does not let the agent start; the message is one line for a person."""


class _Environment(BaseSettings):
    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(env_prefix=_PREFIX)

    directory: Path
    listen: Annotated[str, Field(pattern=r"^\S+:\d{1,5}$")]
    capacity_bytes: Annotated[int, Field(ge=1024 * 1024)]
    token_file: Path
    app_token_file: Path


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What the agent needs to start. The control token may all, the app token only use the canary."""

    directory: Path
    host: str
    port: int
    capacity_bytes: int
    token: str = field(repr=False)
    app_token: str = field(repr=False)


def load_settings() -> AgentSettings:
    """From the environment. Raises SettingsError with one line that names the variable and what to do."""
    try:
        env = _Environment()
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(e["loc"], e["msg"]) for e in error.errors())) from None
    if not env.directory.is_dir():
        raise SettingsError(f"{_PREFIX}DIRECTORY={env.directory} is not a directory; create it first")
    host, _, port = env.listen.rpartition(":")
    if int(port) > 65535:
        raise SettingsError(f"{_PREFIX}LISTEN={env.listen}: a port is at most 65535")
    token = _read_token("TOKEN_FILE", env.token_file)
    app_token = _read_token("APP_TOKEN_FILE", env.app_token_file)
    if token == app_token:
        raise SettingsError(f"{_PREFIX}TOKEN_FILE and {_PREFIX}APP_TOKEN_FILE hold the same token; make two")
    directory = env.directory.resolve()
    return AgentSettings(directory, host.strip("[]"), int(port), env.capacity_bytes, token, app_token)


def _explain(location: tuple[int | str, ...], message: str) -> str:
    name = f"{_PREFIX}{'_'.join(str(part) for part in location).upper()}"
    return f"{name} is not set" if message == "Field required" else f"{name}: {message}"


def _read_token(variable: str, path: Path) -> str:
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{_PREFIX}{variable}={path} cannot be read: {reason}") from None
    if not token:
        raise SettingsError(f"{_PREFIX}{variable}={path} is empty; it must hold a token")
    return token
