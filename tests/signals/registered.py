"""What both processes register, and which metrics a query names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import CollectorRegistry

import incident_api.metrics as of_api
import incident_operator.metrics as of_operator

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "charts" / "incident-simulator" / "files"
ALERTS = FILES / "alerts.yaml"
DASHBOARD = FILES / "dashboard.json"
SCRAPED = {"job", "instance", "namespace", "pod"}
"""Labels that a scrape adds."""
_NAME = re.compile(r"incidentsim_[a-z0-9_]+")
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def families() -> dict[str, dict[str, set[str]]]:
    """By process: each series' name, with its labels."""
    return {"operator": _series(of_operator.REGISTRY), "api": _series(of_api.REGISTRY)}


def series() -> dict[str, set[str]]:
    """Each series' name, with the labels that it has in any process."""
    merged: dict[str, set[str]] = {}
    for found in families().values():
        for name, labels in found.items():
            merged.setdefault(name, set()).update(labels)
    return merged


def collectors(registry: CollectorRegistry) -> list[Any]:
    """Those of ours. Their labels are told by no public method before the first value is set."""
    ours = [c for c in registry._collector_to_names if getattr(c, "_name", "").startswith("incidentsim_")]
    return sorted(ours, key=lambda c: str(c._name))


def _series(registry: CollectorRegistry) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for collector in collectors(registry):
        for suffix in _SUFFIXES[collector._type]:
            extra = {"le"} if suffix == "_bucket" else set()
            found[f"{collector._name}{suffix}"] = {*collector._labelnames, *extra}
    return found


def alert_rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def queries() -> Iterator[tuple[str, str]]:
    """(where it stands, the query), of the alerts and of the dashboard."""
    for rule in alert_rules():
        yield rule["alert"], rule["expr"]
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def used(query: str) -> dict[str, set[str]]:
    """Each series that the query names, with the labels that are used on it: in its matchers, or to group it by."""
    found: dict[str, set[str]] = {}
    grouped = {g for group in re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", query) for g in _words(group)}
    for match in _NAME.finditer(query):
        matchers = re.match(r"\{([^}]*)\}", query[match.end() :])
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', "", matchers[1]))) if matchers else set()
        found.setdefault(match[0], set()).update(labels | grouped)
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
