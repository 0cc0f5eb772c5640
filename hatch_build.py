"""Puts the built board into the wheel, where the API looks for it."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BoardHook(BuildHookInterface):  # type: ignore[type-arg]
    """A wheel without the board, or with an old one, is never made; an editable install needs none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        # By its file: nothing of ours is installed where a wheel is built.
        asked = runpy.run_path(str(root / "local" / "incident_local" / "fingerprint.py"))
        if not asked["is_current"](root / "ui"):
            raise SystemExit(
                "The wheel needs the built board, and ui/dist is missing or older than its source.\n"
                "What to do: run `make board` in the checkout, then build the wheel again"
            )
        build_data["force_include"][str(root / "ui" / asked["BUILT"])] = "incident_api/static"
