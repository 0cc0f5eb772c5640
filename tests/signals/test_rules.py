"""promtool's own word on the alerts and on the dashboard's queries. The first run on a machine builds it."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
import yaml

from incident_local.devtools import DevTool, devtool_binary
from incident_local.progress import Progress
from incident_local.settings import Settings

from .registered import ALERTS, ROOT, alert_rules, queries

RULES_TEST = ROOT / "tests" / "signals" / "alerts_test.yaml"
VARIABLES = {"$__rate_interval": "5m", "$__range": "6h"}


@pytest.fixture(scope="module")
def promtool() -> Path:
    return asyncio.run(devtool_binary(Settings(), Progress(quiet=True), DevTool.PROMTOOL))


def run(promtool: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([promtool, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_the_rules_are_valid(promtool: Path) -> None:
    done = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", ALERTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should_and_no_other_time(promtool: Path) -> None:
    done = run(promtool, "test", "rules", RULES_TEST)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_query_of_the_dashboard_is_promql(promtool: Path, tmp_path: Path) -> None:
    rules = []
    for number, (_, query) in enumerate(queries()):
        for variable, value in VARIABLES.items():
            query = query.replace(variable, value)  # noqa: PLW2901 - as Grafana fills it in
        rules.append({"record": f"query:{number}", "expr": query})
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = run(promtool, "check", "rules", "--lint=none", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test() -> None:
    tested = {
        case["alertname"]
        for group in yaml.safe_load(RULES_TEST.read_text())["tests"]
        for case in group["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert tested == {rule["alert"] for rule in alert_rules()}
