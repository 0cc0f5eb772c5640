"""The plugin as a person calls it, against a real API server: as `sre`, who may approve, and as `viewer`."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from incident_crds.access import KILL_SWITCH
from incident_crds.base import (
    APPROVE_ANNOTATION,
    APPROVED_BY_ANNOTATION,
    REJECT_ANNOTATION,
    VIA_ANNOTATION,
    format_time,
)
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient, raw_path
from incident_crds.incident import Incident
from incident_crds.remediationplan import RemediationPlan
from incident_local.programs import find_kubectl
from incident_local.progress import Progress
from incident_local.settings import Settings
from incident_local.wheels import WheelStore

from ..clearing import clear
from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..loop.drive import Driver
from ..processes import clean_environment

INCIDENT, PLAN, HASH = "plugin-redis-memory-1", "plugin-redis-memory-1-plan-1", "0123456789abcdef"
NUMBER = "INC-9001"
HALT = raw_path("v1", "configmaps", "incidentsim-system", KILL_SWITCH)


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: str
    err: str


class Person:
    """Calls the plugin as one of the kubeconfig's users."""

    def __init__(self, stack: Stack, kubectl: Path) -> None:
        self._environment = clean_environment() | {
            "KUBECONFIG": str(stack.kubeconfig),
            "INCIDENTSIM_KUBECTL": str(kubectl),
            "HOME": str(stack.state),  # kubectl keeps what a server knows there
        }

    async def __call__(self, *words: str, user: str = "sre", stdin: str = "", **environment: str) -> Answer:
        """Not in this thread: it waits for an API server that tests here speak to, too."""
        context = [] if words[0] == "__complete" else [f"--context={user}"]
        argv = [sys.executable, "-m", "kubectl_incident", *words, *context]
        done = await asyncio.to_thread(
            subprocess.run,
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env=self._environment | environment,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)


async def find_plugin(stack: Stack) -> Person:
    return Person(stack, await find_kubectl(WheelStore(Settings().cache_dir, Progress())))


@pytest_asyncio.fixture
async def plugin(stack: Stack) -> Person:
    return await find_plugin(stack)


async def write_status(operator: ApiClient, kind: type[Any], name: str, status: dict[str, Any]) -> None:
    await operator.patch(kind, NAMESPACE, name, {"status": status}, subresource="status")


def plan_status(**changes: Any) -> dict[str, Any]:
    expires = format_time(datetime.now(UTC) + timedelta(minutes=30))
    status = {"phase": "AwaitingApproval", "risk": "Medium", "actions": "RedisEvictPrefix"}
    return status | {"planHash": HASH, "expiresAt": expires} | changes


@pytest_asyncio.fixture
async def waiting(admin: ApiClient, operator_client: ApiClient) -> AsyncIterator[str]:
    """An incident with a plan that waits, as an operator leaves them. None runs here, so nothing else happens."""
    now = format_time(datetime.now(UTC))
    metadata = {"namespace": NAMESPACE}
    incident = Incident.parse(
        {
            "metadata": metadata | {"name": INCIDENT},
            "spec": {"title": "redis-test: memory health is 9 %", "affectedSystems": ["redis-test"]},
        }
    )
    step = {"id": "a", "type": "RedisEvictPrefix", "system": "redis-test", "params": {"prefix": "session:x:"}}
    check = {"system": "redis-test", "signal": "memory"}
    spec = {"incidentRef": INCIDENT, "author": "admin", "actions": [step], "verification": [check]}
    await admin.create(incident)
    await admin.create(RemediationPlan.parse({"metadata": metadata | {"name": PLAN}, "spec": spec}))
    entry = {"at": now, "actor": "detector", "type": "MovedTriage", "detail": "bad \x1b[31mtext"}
    diagnosis = {"provider": "rules", "summary": "Full of keys.", "severity": "P1", "evidence": ["used 58 of 64 MiB"]}
    status = {"number": NUMBER, "phase": "Fixing", "severity": "P1", "diagnosis": diagnosis, "timeline": [entry]}
    await write_status(operator_client, Incident, INCIDENT, status)
    await write_status(operator_client, RemediationPlan, PLAN, plan_status())
    yield PLAN
    await admin.delete(RemediationPlan, NAMESPACE, PLAN)
    await admin.delete(Incident, NAMESPACE, INCIDENT)


async def notes(admin: ApiClient) -> dict[str, str]:
    return (await admin.get(RemediationPlan, NAMESPACE, PLAN)).metadata.annotations


async def test_who_may_look_sees_the_incident_and_its_story(plugin: Person, waiting: str) -> None:
    listed = await plugin("list", "-A", user="viewer")
    assert listed.code == 0, listed.err
    assert all(part in listed.out for part in (NUMBER, "P1", "Fixing", "redis-test", f"approve {PLAN}"))
    assert "\x1b" not in listed.out
    found = json.loads((await plugin("list", "-o", "json", user="viewer")).out)
    [as_json] = [i for i in found if i["number"] == NUMBER]  # others may have left one that ends slowly
    assert (as_json["number"], as_json["waitingPlan"]) == (NUMBER, PLAN)
    shown = await plugin("show", "9001", user="viewer")
    assert shown.code == 0, shown.err
    for part in ("Full of keys.", "used 58 of 64 MiB", HASH, "session:x:", "MovedTriage by detector: bad ?[31mtext"):
        assert part in shown.out
    assert json.loads((await plugin("show", INCIDENT, "-o", "json")).out)["incident"]["status"]["number"] == NUMBER


async def test_what_is_not_there_is_answered_by_the_nearest(plugin: Person, waiting: str) -> None:
    for words, meant in (
        (("show", "plugin-redis-memory"), INCIDENT),
        (("show", "INC-9002"), NUMBER),
        (("approve", "plugin-redis-memory-1-plan-2"), PLAN),
    ):
        answer = await plugin(*words)
        assert (answer.code, meant in answer.err) == (1, True), answer.err


async def test_an_approval_is_bound_to_the_plan_and_made_in_ones_own_name(
    plugin: Person, waiting: str, admin: ApiClient
) -> None:
    refused = await plugin("approve", PLAN, "--yes", "--no-wait", user="viewer")
    assert refused.code == 1
    assert "incidentsim-approver" in refused.err
    assert (await plugin("approve", PLAN)).code == 2, "nobody was asked"
    stale = await plugin("approve", PLAN, "--yes", "--hash", "fedcba9876543210")
    assert stale.code == 1
    assert HASH in stale.err
    assert await notes(admin) == {}
    done = await plugin("approve", NUMBER, "--yes", "--hash", HASH, "--no-wait")
    assert done.code == 0, done.err
    written = {APPROVE_ANNOTATION: HASH, APPROVED_BY_ANNOTATION: "sre", VIA_ANNOTATION: "plugin"}
    assert await notes(admin) == written
    assert "just being decided" in (await plugin("approve", PLAN, "--yes")).err


async def test_a_high_risk_is_not_approved_by_yes_alone(
    plugin: Person, waiting: str, admin: ApiClient, operator_client: ApiClient
) -> None:
    await write_status(operator_client, RemediationPlan, PLAN, plan_status(risk="High"))
    assert (await plugin("approve", PLAN, "--yes", "--no-wait")).code == 2
    assert await notes(admin) == {}
    assert (await plugin("approve", PLAN, "--yes", "--hash", HASH, "--no-wait")).code == 0


async def test_a_rejection_carries_its_reason(plugin: Person, waiting: str, admin: ApiClient) -> None:
    assert (await plugin("reject", PLAN, "--reason", " ")).code == 2
    assert (await plugin("reject", PLAN, "--reason", "no", "--no-wait", user="viewer")).code == 1
    assert (await plugin("reject", PLAN, "--reason", "during a sale = no", "--no-wait")).code == 0
    assert (await notes(admin))[REJECT_ANNOTATION] == "during a sale = no"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            plan_status(phase="Rejected", decision={"approved": False, "by": "ann", "at": "2026-01-01T00:00:00Z"}),
            "by ann",
        ),
        (plan_status(expiresAt="2026-01-01T00:00:00Z"), "expired"),
        (plan_status(phase="Proposed"), "not checked"),
    ],
)
async def test_a_plan_that_does_not_wait_says_why(
    plugin: Person, waiting: str, operator_client: ApiClient, status: dict[str, Any], told: str
) -> None:
    await write_status(operator_client, RemediationPlan, PLAN, status)
    answer = await plugin("approve", PLAN, "--yes")
    assert answer.code == 1
    assert told in answer.err


async def test_approve_follows_the_plan_to_its_end(plugin: Person, waiting: str, operator_client: ApiClient) -> None:
    """The operator's part is written here, once the approval is there."""
    calling = asyncio.create_task(plugin("approve", PLAN, "--yes"))
    while APPROVE_ANNOTATION not in await notes(operator_client):
        assert not calling.done(), calling.result()
        await asyncio.sleep(0.05)
    at = format_time(datetime.now(UTC))
    decision = {"approved": True, "by": "sre", "via": "plugin", "at": at, "planHash": HASH}
    result = {
        "id": "a",
        "type": "RedisEvictPrefix",
        "startedAt": at,
        "endedAt": at,
        "succeeded": True,
        "output": "gone",
    }
    done = plan_status(phase="Succeeded", decision=decision, actionResults=[result], verifiedAt=at)
    await write_status(operator_client, RemediationPlan, PLAN, done)
    answer = await calling
    assert answer.code == 0, answer.err
    assert all(part in answer.out for part in ("approved by sre", "RedisEvictPrefix: gone", f"Plan {PLAN} Succeeded."))


async def test_who_may_halt_does_so_in_their_own_name(plugin: Person, admin: ApiClient) -> None:
    refused = await plugin("halt", "--reason", "test", user="viewer")
    assert refused.code == 1
    assert "incidentsim-approver" in refused.err
    try:
        halted = await plugin("halt", "--reason", "a real outage")
        assert halted.code == 0, halted.err
        assert (await admin.request("GET", HALT))["data"] == {"enabled": "true", "reason": "a real outage", "by": "sre"}
        assert (await plugin("resume", user="viewer")).code == 1
    finally:
        resumed = await plugin("resume")
    assert "halted by sre: a real outage" in resumed.out
    assert "Nothing is halted" in (await plugin("resume")).out


async def test_a_bundle_holds_what_could_be_read_and_says_what_could_not(
    plugin: Person, waiting: str, tmp_path: Path
) -> None:
    file = tmp_path / "b.tar.gz"
    done = await plugin("bundle", NUMBER, "-o", str(file), user="viewer")
    assert done.code == 0, done.err
    with tarfile.open(file) as archive:
        names = {name.removeprefix(f"{NUMBER.lower()}/") for name in archive.getnames()}
        packed = archive.extractfile(f"{NUMBER.lower()}/plans/{PLAN}.json")
        assert packed is not None
        assert json.loads(packed.read())["status"]["planHash"] == HASH
    assert {"README.md", "incident.json", f"plans/{PLAN}.json", "systems/redis-test.json", "versions.json"} <= names
    assert "Secrets were not read" in done.out
    assert (await plugin("bundle", NUMBER, "-o", str(file))).code == 2, "it was written over"


async def test_completion_knows_the_cluster(plugin: Person, waiting: str) -> None:
    asked = await plugin("__complete", "--context=sre", "approve", "plugin-")
    assert asked.out.splitlines() == [f"{PLAN}\tRedisEvictPrefix, risk Medium", ":4"]
    asked = await plugin("__complete", "--context", "viewer", "show", "INC-9")
    assert asked.out.splitlines() == [f"{NUMBER}\tredis-test: memory health is 9 %", ":4"]


async def test_what_stands_in_the_way_is_said(plugin: Person, tmp_path: Path) -> None:
    missing = await plugin("list", INCIDENTSIM_KUBECTL="no-such-kubectl")
    assert (missing.code, "kubectl cannot be started" in missing.err) == (1, True)
    empty = tmp_path / "kubeconfig"
    empty.write_text("")
    nowhere = await plugin("list", KUBECONFIG=str(empty))
    assert nowhere.code == 1
    assert "What to do:" in nowhere.err
    unknown = await plugin("drill", "redis-memry")
    assert (unknown.code, "redis-memory" in unknown.err) == (2, True)
    absent = await plugin("drill", "redis-memory", "--system", "redis-tset", "--approve", "auto")
    assert (absent.code, "redis-test" in absent.err) == (1, True)


async def test_only_an_experiment_is_a_drill(plugin: Person, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    wrong = await plugin("drill", "-f", str(path), "--approve", "auto")
    assert (wrong.code, "no ChaosExperiment" in wrong.err) == (2, True)


async def test_a_drill_is_run_approved_and_graded(
    plugin: Person, operator: OperatorProcess, sre: ApiClient, stack: Stack
) -> None:
    await Driver(sre).systems_ready()
    before = await sre.list_all(ChaosExperiment, NAMESPACE)
    refused = await plugin("drill", "redis-memory", "--approve", "auto", user="viewer")
    assert refused.code == 1
    assert "incidentsim-responder" in refused.err
    after = await sre.list_all(ChaosExperiment, NAMESPACE)
    assert {e.metadata.uid for e in after} == {e.metadata.uid for e in before}
    done = await plugin("drill", "redis-memory", "--approve", "auto", "--timeout", "50s", "-o", "json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["grade"]["passed"]
    assert report["plan"]["approvedBy"] == "sre"
    shown = await plugin("show", report["incident"]["number"])
    assert "PASSED" in shown.out
    assert "by way of plugin" in shown.out
    await clear(stack)
