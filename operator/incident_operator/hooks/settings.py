"""Settings of the hooks, from the environment. The environment is read nowhere else."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HookSettings(BaseSettings):
    """INCIDENTSIM_* variables; KUBECONFIG is read by the Kubernetes client."""

    model_config = SettingsConfigDict(env_prefix="INCIDENTSIM_", env_ignore_empty=True, extra="ignore")

    namespace: str = Field(default="incidentsim-system", pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
    """The operator's own namespace: its Deployment, its Lease, its counter and the kill switch."""
