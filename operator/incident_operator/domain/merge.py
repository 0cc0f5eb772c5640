"""JSON merge patches (RFC 7396): what turns one document into another."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue


def merge_difference(old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The smallest merge patch from old to new; empty where they are equal. Lists are replaced whole."""
    patch: dict[str, JsonValue] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if before == value:
            continue
        if isinstance(before, dict) and isinstance(value, dict):
            patch[key] = merge_difference(before, value)
        else:
            patch[key] = value
    return patch
