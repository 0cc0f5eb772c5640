"""URL paths and queries of the Kubernetes API."""

from __future__ import annotations


def raw_path(api_version: str, plural: str, namespace: str | None = None, name: str | None = None) -> str:
    """The URL path of a collection or object of any kind."""
    root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
    parts = [root, *(["namespaces", namespace] if namespace else []), plural, *([name] if name else [])]
    return "/".join(parts)


def selectors(label_selector: str, field_selector: str) -> dict[str, str]:
    """The query of a list or watch, without what is empty."""
    query = {"labelSelector": label_selector, "fieldSelector": field_selector}
    return {name: value for name, value in query.items() if value}
