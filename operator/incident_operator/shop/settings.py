"""The shop's environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "INCIDENTSIM_SHOP_"


class SettingsError(Exception):
    """The environment does not let the shop start; the message is one line for a person."""


class _Environment(BaseSettings):
    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(env_prefix=_PREFIX)

    postgres: Annotated[str, Field(pattern="^postgresql://")]
    postgres_password_file: Path
    redis: Annotated[str, Field(pattern="^redis://")]
    redis_password_file: Path
    username: str = "app"
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 12.0
    sessions: Annotated[int, Field(ge=1, le=1000)] = 36


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """Where the shop's database and cache are, how often it is asked, and how many requests it serves at once."""

    postgres: str
    redis: str
    username: str
    requests_per_second: float
    sessions: int
    postgres_password: str = field(repr=False)
    redis_password: str = field(repr=False)


def load_settings() -> ShopSettings:
    """From the environment. Raises SettingsError with one line that names the variable and what to do."""
    try:
        env = _Environment()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = f"{_PREFIX}{'_'.join(str(part) for part in first['loc']).upper()}"
        raise SettingsError(f"{name}: {first['msg']}") from None
    return ShopSettings(
        postgres=env.postgres,
        redis=env.redis,
        username=env.username,
        requests_per_second=env.requests_per_second,
        sessions=env.sessions,
        postgres_password=_read("POSTGRES_PASSWORD_FILE", env.postgres_password_file),
        redis_password=_read("REDIS_PASSWORD_FILE", env.redis_password_file),
    )


def _read(variable: str, path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{_PREFIX}{variable}={path} cannot be read: {reason}") from None
