"""Alerts and dashboard ask for metrics that exist, with labels that they have, and lead to runbooks that exist."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .registered import DASHBOARD, ROOT, SCRAPED, alert_rules, families, queries, series, used

RUNBOOKS = ROOT / "docs" / "runbooks.md"
OBSERVABILITY = ROOT / "docs" / "observability.md"
RULES = {rule["alert"]: rule for rule in alert_rules()}
WORDS = ("**Meaning.**", "**Impact.**", "**Look at**", "**Mend**")


def sections() -> dict[str, str]:
    """Each section of the runbooks, by the anchor that its heading has."""
    parts = re.split(r"^## (.+)$", RUNBOOKS.read_text(), flags=re.M)[1:]
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"): text
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


def test_every_query_names_metrics_and_labels_that_are_registered() -> None:
    known = series()
    wrong = []
    for where, query in queries():
        for name, labels in used(query).items():
            if name not in known:
                wrong.append(f"{where}: {name} is not registered")
            elif unknown := labels - known[name] - SCRAPED:
                wrong.append(f"{where}: {name} has no label {sorted(unknown)}")
    assert not wrong


def test_the_reading_of_queries_finds_what_is_wrong() -> None:
    query = 'sum by (le, door) (rate(incidentsim_loop_lag_seconds_bucket{job=~"a|b", kind!="x=y"}[5m])) / incidentsim_x'
    assert used(query) == {
        "incidentsim_loop_lag_seconds_bucket": {"job", "kind", "le", "door"},
        "incidentsim_x": {"le", "door"},
    }


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_alert_says_what_it_is_and_leads_to_its_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    notes = rule["annotations"]
    assert notes["summary"]
    assert notes["description"]
    page, _, anchor = notes["runbook_url"].partition("#")
    assert page == "docs/runbooks.md"
    text = sections()[anchor]
    assert anchor == rule["alert"].lower()
    assert [word for word in WORDS if word not in text] == []
    for heading in ("**Look at**", "**Mend**"):
        assert re.match(r"\s*\n- ", text.partition(heading)[2]), f"nothing under {heading}"


def test_no_runbook_is_of_an_alert_that_is_gone() -> None:
    assert set(sections()) == {name.lower() for name in RULES}


def test_the_dashboard_is_one_that_grafana_loads() -> None:
    board = json.loads(DASHBOARD.read_text())
    panels = board["panels"]
    assert board["schemaVersion"] >= 39
    assert [v["type"] for v in board["templating"]["list"]] == ["datasource"]
    assert len({p["id"] for p in panels}) == len(panels)
    assert [p["title"] for p in panels if p["type"] == "row"] == [
        "What is going on", "Time to each stage", "Drills and their undo", "Diagnosis", "The simulator itself"
    ]  # fmt: skip
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} lies on another panel"
        assert place["x"] + place["w"] <= 24
        taken |= cells
        if panel["type"] != "row":
            assert all(t["datasource"]["uid"] == "${datasource}" for t in [panel, *panel["targets"]])
            assert len({t["refId"] for t in panel["targets"]}) == len(panel["targets"])


def test_every_metric_is_documented_with_its_labels() -> None:
    rows = dict(re.findall(r"^\| `(incidentsim_\w+)` \|[^|]*\|([^|]*)\|", OBSERVABILITY.read_text(), re.M))
    wanted = {
        name.removesuffix("_bucket"): ", ".join(f"`{label}`" for label in sorted(labels - {"le"}))
        for found in families().values()
        for name, labels in found.items()
        if not name.endswith(("_sum", "_count"))
    }
    assert {name: labels.strip() for name, labels in rows.items()} == wanted


def test_names_keep_to_the_conventions() -> None:
    for name in series():
        assert not re.search(r"_(?:milliseconds|ms|minutes|percent|count_total)\b", name)
        assert name.endswith("_total") or "_total" not in name
