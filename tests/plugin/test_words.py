"""What needs no cluster: how things are read, found, told and completed."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from incident_crds import __version__ as project_version
from kubectl_incident import __version__
from kubectl_incident.bundle import redact
from kubectl_incident.cli import main
from kubectl_incident.completion import COMMANDS, FLAGS, PASSED_ON, SHELLS, complete, script
from kubectl_incident.documents import Document, clean, parse_time
from kubectl_incident.errors import Changed, Forbidden, KubectlFailed, Missing, PluginError
from kubectl_incident.finding import nearest, number_of
from kubectl_incident.kubectl import translate
from kubectl_incident.parser import build_parser
from kubectl_incident.plans import describe, impact
from kubectl_incident.scenarios import bundled, summary_of
from kubectl_incident.terminal import Terminal, age, duration, parse_span

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_plugin_has_the_projects_version() -> None:
    assert __version__ == project_version


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", "INC-0007"), ("inc-7", "INC-0007"), ("INC-0007", "INC-0007"), ("INC-12345", "INC-12345"), ("inc-x", "")],
)
def test_numbers_are_understood(text: str, number: str) -> None:
    assert number_of(text) == number


def test_an_incident_is_about_what_joined_it_too() -> None:
    joined = [{"system": "postgres-test"}, {"system": "redis-test"}]
    incident = Document({"spec": {"affectedSystems": ["redis-test"]}, "status": {"joined": joined}})
    assert incident.systems == ["redis-test", "postgres-test"]


def test_the_nearest_names_are_offered() -> None:
    known = ["redis-test-memory-1-plan-1", "disk-monitor-usage-1-plan-1"]
    assert nearest("redis-test-memory-plan-1", known) == ["redis-test-memory-1-plan-1"]
    assert nearest("disk", known) == ["disk-monitor-usage-1-plan-1"]
    assert nearest("xyz", known) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(42, "42s"), (119, "119s"), (432, "7m12s"), (3600, "60m"), (11_100, "3h5m"), (36_000, "10h"), (187_200, "2d4h")],
)
def test_ages_are_as_kubectl_prints_them(seconds: int, text: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == text


def test_spans_and_durations() -> None:
    assert [duration(s) for s in (0.416, 12.34, 245, 7380, None)] == ["0.42 s", "12.3 s", "4 min 5 s", "2 h 3 min", "-"]
    assert [parse_span(t).total_seconds() for t in ("90", "90s", "10m", "1h")] == [90, 90, 600, 3600]
    for wrong in ("", "x", "0", "-1s", "48h"):
        with pytest.raises(ValueError):
            parse_span(wrong)


def test_times_are_read_by_old_pythons_too() -> None:
    assert parse_time("2026-03-01T12:00:00Z") == NOW
    assert parse_time("2026-03-01T12:00:00.000000Z") == NOW
    assert parse_time("yesterday") is None


def test_no_control_character_reaches_the_terminal() -> None:
    assert clean("a\x1b[31mb\nc") == "a?[31mb c"
    assert Document({"spec": {"title": "x\x07y"}}).text("spec.title") == "x?y"


def test_a_step_is_told_with_its_parameters_and_whether_it_can_be_taken_back() -> None:
    action = Document({"type": "RedisEvictPrefix", "system": "r", "params": {"prefix": "a:"}, "risk": "Medium"})
    assert describe(action) == "RedisEvictPrefix on r (prefix=a:)"
    assert impact(action) == "Its effect is not described. Risk Medium, cannot be taken back."


def test_passwords_in_addresses_are_taken_out_of_a_bundle() -> None:
    found = {"metadata": {"managedFields": [1]}, "spec": {"url": "redis://u:p@h:1/0", "plain": "http://h/a:b@c"}}
    assert redact(found) == {"metadata": {}, "spec": {"url": "redis://***@h:1/0", "plain": "http://h/a:b@c"}}


_RBAC = (
    'Error from server (Forbidden): incidents.incidentsimulator.net is forbidden: User "eve" cannot list resource '
    '"incidents" in API group "incidentsimulator.net" in the namespace "drills"'
)
_POLICY = (
    'Error from server (Forbidden): remediationplans.incidentsimulator.net "p" is forbidden: ValidatingAdmissionPolicy '
    "'incidentsim-approval' with binding 'incidentsim-approval' denied request: eve may not decide on plans: "
    "ask for the role incidentsim-approver"
)


@pytest.mark.parametrize(
    ("stderr", "kind", "what", "remedy"),
    [
        (_RBAC, Forbidden, "cannot list", "rolebinding incidentsim-viewer .*--user=eve --namespace=drills"),
        (_POLICY, Forbidden, "may not do that: eve may not decide on plans", "^$|incidentsim"),
        ('Error from server (NotFound): x "y" not found', Missing, 'x "y" not found', ""),
        ("Error from server (Conflict): the object has been modified", Changed, "modified", "look again"),
        ('error: the server doesn\'t have a resource type "incidents"', KubectlFailed, "not installed", "helm install"),
        ("The connection to the server h:1 was refused - did you", KubectlFailed, "No cluster answers", "--context"),
        ("error: context was not found for specified context: x", KubectlFailed, "context was not", "get-contexts"),
        ("error: You must be logged in to the server (Unauthorized)", KubectlFailed, "does not know you", "sign in"),
        ("", KubectlFailed, "said nothing", ""),
    ],
)
def test_what_kubectl_says_becomes_what_happened_and_what_to_do(
    stderr: str, kind: type[PluginError], what: str, remedy: str
) -> None:
    noise = 'E0101 10:00:00.000000 1 memcache.go:265] "Unhandled Error" err="x"\nWarning: old\n'
    found = translate(noise + stderr, "incidentsim-viewer") if stderr else translate("", "incidentsim-viewer")
    assert type(found) is kind
    assert re.search(what, found.what)
    assert re.search(remedy, found.remedy)


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[32m" in Terminal(out=_Screen()).word("Resolved")
    assert Terminal(out=io.StringIO()).word("Resolved") == "Resolved"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Terminal(out=_Screen()).word("Resolved") == "Resolved"


def test_the_drills_are_those_of_the_project() -> None:
    assert {"redis-memory", "disk-full"} <= set(bundled())
    assert all(summary_of(text).endswith(".") for text in bundled().values())


def test_every_command_has_help_and_its_flags_are_completed(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            build_parser().parse_args([command, "--help"])
        assert ended.value.code == 0
        told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", capsys.readouterr().out.split("flags that kubectl")[0]))
        shared = {"--help", "--namespace", "--all-namespaces", *PASSED_ON}
        assert told - shared == set(FLAGS.get(command, ()))
        assert f"{command}\t{COMMANDS[command]}" in complete([command[:2]])[0]


@pytest.mark.parametrize(
    "words", [[], ["lst"], ["show"], ["list", "--al"], ["reject", "p"], ["drill", "--timeout", "x"]]
)
def test_a_wrong_command_line_ends_with_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_completion_without_a_cluster() -> None:
    assert complete(["drill", "redis-m"]) == ([f"redis-memory\t{summary_of(bundled()['redis-memory'])}"], ":4")
    assert complete(["completion", ""])[0] == list(SHELLS)
    assert complete(["drill", "redis-memory", ""]) == ([], ":4")
    assert complete(["list", "-o", "j"]) == (["json"], ":4")
    assert complete(["drill", "-f", ""]) == ([], ":0")
    assert complete(["bundle", "x", "-o", ""]) == ([], ":0")
    assert all(script(shell) for shell in SHELLS)
