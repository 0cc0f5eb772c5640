"""Settings of the operator, from the environment. The environment is read nowhere else."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise ValueError("must be HOST:PORT with a port up to 65535, such as 127.0.0.1:8085")
    return text


class Settings(BaseSettings):
    """INCIDENTSIM_* variables; KUBECONFIG is read by the Kubernetes client."""

    model_config = SettingsConfigDict(env_prefix="INCIDENTSIM_", extra="ignore")

    listen: Annotated[str, AfterValidator(_host_and_port)] = "127.0.0.1:8085"
    """HOST:PORT of /metrics, /healthz and /readyz."""
    namespace: str = "incidentsim-system"
    """The operator's own namespace: its Lease, its counter and the kill switch."""
    log_format: Literal["json", "console"] = "json"
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = "INFO"
    hold_seconds: Annotated[int, Field(ge=1, le=600)] = 5
    """How long a recovery must hold to count as proven."""

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def hold(self) -> timedelta:
        return timedelta(seconds=self.hold_seconds)
