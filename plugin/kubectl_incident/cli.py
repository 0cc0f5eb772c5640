"""The command line of `kubectl incident`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta

from kubectl_incident import completion
from kubectl_incident.board import Wishes, run_board
from kubectl_incident.bundle import run_bundle
from kubectl_incident.decisions import run_approve, run_reject
from kubectl_incident.documents import Document
from kubectl_incident.drill import Drill, with_system
from kubectl_incident.errors import PluginError, UsageError
from kubectl_incident.forgetting import run_forget
from kubectl_incident.killswitch import run_halt, run_resume
from kubectl_incident.kubectl import Kubectl, find_kubectl
from kubectl_incident.listing import run_list
from kubectl_incident.parser import build_parser
from kubectl_incident.scenarios import bundled, load, load_file, summary_of
from kubectl_incident.story import run_show
from kubectl_incident.terminal import Terminal, wrap

INTERRUPTED = 130
TERMINATED = 143


def main(argv: Sequence[str] | None = None) -> int:
    """0 done, 1 failed or refused, 2 the command line is wrong."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["__complete"]:
        completion.print_completions(words[1:])
        return 0
    given = build_parser().parse_args(words)
    terminal = Terminal()
    signal.signal(signal.SIGTERM, _end)  # so that what was started is ended, and what was broken is undone
    try:
        return _run(given, terminal)
    except PluginError as error:
        terminal.note(f"Error: {error.what}", "red")
        if error.remedy:
            terminal.note(f"What to do: {error.remedy}")
        return error.exit_code
    except KeyboardInterrupt:
        return 0 if given.command == "board" else INTERRUPTED
    except BrokenPipeError:  # such as `| head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _end(number: int, frame: object) -> None:
    raise SystemExit(TERMINATED)


def _run(given: argparse.Namespace, terminal: Terminal) -> int:
    command: str = given.command
    if command == "completion":
        print(completion.script(given.shell), end="")
        return 0
    if command == "drill" and given.list:
        return _list_drills(terminal)
    kubectl = _kubectl(given)
    as_json = getattr(given, "output", "") == "json"
    if command == "list":
        return run_list(kubectl, terminal, every=given.all, as_json=as_json)
    if command == "show":
        return run_show(kubectl, terminal, given.incident, as_json=as_json)
    if command == "approve":
        return run_approve(
            kubectl, terminal, given.plan, yes=given.yes, hash=given.hash, wait=given.wait, timeout=given.timeout
        )
    if command == "reject":
        return run_reject(kubectl, terminal, given.plan, given.reason, wait=given.wait)
    if command == "drill":
        return _drill(kubectl, terminal, given, as_json=as_json)
    if command == "halt":
        return run_halt(kubectl, terminal, given.reason, given.system_namespace)
    if command == "resume":
        return run_resume(kubectl, terminal, given.system_namespace)
    if command == "forget":
        place = given.system_namespace
        return run_forget(kubectl, terminal, given.object, force=given.force, system_namespace=place)
    if command == "board":
        wishes = Wishes(given.port, given.open, given.token_from, given.system_namespace)
        return run_board(kubectl, terminal, wishes)
    return run_bundle(kubectl, terminal, given.incident, given.output, force=given.force)


def _kubectl(given: argparse.Namespace) -> Kubectl:
    flags: list[str] = []
    for flag in completion.PASSED_ON:
        values = getattr(given, flag.lstrip("-").replace("-", "_"), None) or []
        for value in values if isinstance(values, list) else [values]:
            flags.append(f"{flag}={value}")
    namespace = getattr(given, "namespace", "")
    everywhere = getattr(given, "all_namespaces", False)
    if namespace and everywhere:
        raise UsageError("Both --namespace and --all-namespaces were given", "keep one of them")
    return Kubectl(find_kubectl(), tuple(flags), namespace, everywhere)


def _list_drills(terminal: Terminal) -> int:
    for name, text in bundled().items():
        terminal.line(name, "bold")
        for row in wrap(summary_of(text), terminal.width, "  "):
            terminal.line(row)
    return 0


def _drill(kubectl: Kubectl, terminal: Terminal, given: argparse.Namespace, *, as_json: bool) -> int:
    if kubectl.everywhere:
        raise UsageError("A drill runs in one namespace", "choose it with --namespace")
    if bool(given.name) == bool(given.filename):
        raise UsageError("Give either the name of a drill or -f FILE", f"those there are: {', '.join(bundled())}")
    mode = given.approve or ("ask" if terminal.can_ask else "wait")
    if mode == "ask" and not terminal.can_ask:
        raise UsageError("There is no terminal to ask at", "use --approve auto or --approve wait")
    scenario = load_file(kubectl, given.filename) if given.filename else load(kubectl, given.name)
    scenario = with_system(scenario, given.system)
    place = _place(kubectl, scenario, is_own=bool(given.filename))
    timeout: timedelta = given.timeout
    return Drill(kubectl.within(place), terminal, mode=mode, timeout=timeout).run(scenario, as_json=as_json)


def _place(kubectl: Kubectl, scenario: Document, *, is_own: bool) -> str:
    """-n first; then what the person wrote, their file before their context; then what a bundled drill says."""
    context = kubectl.context_namespace() if not kubectl.namespace else ""
    wishes = [kubectl.namespace, *((scenario.namespace, context) if is_own else (context, scenario.namespace))]
    return next((wish for wish in wishes if wish), "default")
