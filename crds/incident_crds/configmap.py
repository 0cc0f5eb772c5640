"""The one built-in kind that is followed as ours are: a ConfigMap."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from incident_crds.base import KindInfo, Resource


class ConfigMap(Resource):
    """Texts by key."""

    info: ClassVar[KindInfo] = KindInfo(
        kind="ConfigMap",
        plural="configmaps",
        singular="configmap",
        short_names=("cm",),
        columns=(),
        group="",
        version="v1",
    )

    data: dict[str, str] = Field(default_factory=dict)
    """The texts."""
