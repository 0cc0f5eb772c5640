"""What can be typed, and the help that says so."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from kubectl_incident import __version__
from kubectl_incident.completion import COMMANDS, SHELLS
from kubectl_incident.terminal import parse_span

_ABOUT = """\
Incidents, plans and drills of the incident simulator, by way of kubectl: with its sign-in and your own rights."""
_EXAMPLES = """\
examples:
  kubectl incident list -A                                  what is open, in every namespace
  kubectl incident show INC-0007                            the whole story, by number or name
  kubectl incident approve PLAN                             read it, decide, and see it heal
  kubectl incident drill redis-memory -n drills             break a system, and be graded
  kubectl incident halt --reason "not during the sale"      stop all chaos at once
  kubectl incident board --token-from drills/sre            the board in a browser, signed in

exit codes: 0 done, 1 failed or refused, 2 the command line is wrong"""
_DETAILS = {
    "list": "examples:\n  kubectl incident list -A\n  kubectl incident list --all -o json",
    "show": "examples:\n  kubectl incident show 7\n  kubectl incident show INC-0007 -o json",
    "approve": (
        "Shows the plan, asks, and binds the approval to the hash of exactly what was shown. A plan of high risk asks\n"
        "for its name, or with --yes for the hash. Needs the role incidentsim-approver.\n\nexamples:\n"
        "  kubectl incident approve inc-redis-test-memory-1-plan-1\n"
        "  kubectl incident approve INC-0007              the incident's latest plan\n"
        "  kubectl incident approve PLAN --yes --hash 0123456789abcdef"
    ),
    "reject": "examples:\n  kubectl incident reject PLAN --reason 'not during the sale'",
    "drill": (
        "Exit code 0 only where the drill was graded as passed. Ctrl-C withdraws the fault and waits until it is\n"
        "undone.\n\n"
        "examples:\n  kubectl incident drill --list\n  kubectl incident drill redis-memory -n drills --approve auto\n"
        "  kubectl incident drill disk-full --system my-disk -n team-a\n"
        "  kubectl incident drill -f my-drill.yaml -o json"
    ),
    "halt": "examples:\n  kubectl incident halt --reason 'a real outage'",
    "resume": "examples:\n  kubectl incident resume",
    "forget": (
        "For when the operator is gone for good: an object that is being deleted waits for it, to have its fault\n"
        "undone first. With --force the object goes at once. That nothing was verified is written on it, in an Event,\n"
        "and here. Needs the verb abandon, which an administrator has.\n\nexamples:\n"
        "  kubectl incident forget my-experiment -n drills            what would be given up\n"
        "  kubectl incident forget my-experiment -n drills --force\n"
        "  kubectl incident forget system/redis-test -n drills --force"
    ),
    "board": "examples:\n  kubectl incident board\n  kubectl incident board --token-from drills/sre --no-open",
    "bundle": "Secrets are never read.\n\nexamples:\n  kubectl incident bundle INC-0007 -o inc-0007.tar.gz",
    "completion": (
        "examples:\n  source <(kubectl incident completion bash)     for kubectl-incident itself\n"
        "for `kubectl incident`, with kubectl 1.26 and newer, where ~/bin is on PATH:\n"
        "  kubectl incident completion kubectl > ~/bin/kubectl_complete-incident\n"
        "  chmod +x ~/bin/kubectl_complete-incident"
    ),
}


def build_parser() -> argparse.ArgumentParser:
    """Global flags may stand before or after the command."""
    shared = _global_flags()
    parser = argparse.ArgumentParser(
        prog="kubectl incident",
        description=_ABOUT,
        epilog=_EXAMPLES,
        parents=[shared],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, meaning in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=meaning,
            description=f"{meaning}.",
            epilog=_DETAILS[name],
            parents=[shared],
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        _ADD[name](command)
    return parser


def _global_flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    group = flags.add_argument_group("flags that kubectl is given")
    group.add_argument("-n", "--namespace", metavar="NAME", help="where to look; the context's own if not given")
    group.add_argument("-A", "--all-namespaces", action="store_true", help="look everywhere")
    group.add_argument("--context", metavar="NAME", help="the kubeconfig's context")
    group.add_argument("--kubeconfig", metavar="FILE", help="the kubeconfig")
    group.add_argument("--cluster", metavar="NAME", help="the kubeconfig's cluster")
    group.add_argument("--user", metavar="NAME", help="the kubeconfig's user")
    group.add_argument("--as", metavar="USER", help="act as somebody else, where you may")
    group.add_argument("--as-group", metavar="GROUP", action="append", help="in this group; may be repeated")
    return flags


def _list(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--open", action="store_true", help="those not resolved yet (the default)")
    group.add_argument("--all", action="store_true", help="the resolved ones, too")
    _format(parser)


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("incident", metavar="INCIDENT", help="its name or number, such as INC-0007 or 7")
    _format(parser)


def _approve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="its name, or its incident's name or number")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--hash", default="", metavar="HASH", help="only if this is the plan's hash")
    parser.add_argument("--no-wait", dest="wait", action="store_false", help="do not follow it until it is done")
    _timeout(parser, "10m")


def _reject(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="its name, or its incident's name or number")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why: the person who is called reads it")
    parser.add_argument("--no-wait", dest="wait", action="store_false", help="do not wait until it is taken")


def _drill(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="one of --list")
    parser.add_argument("-f", "--filename", default="", metavar="FILE", help="a ChaosExperiment of your own")
    parser.add_argument("--list", action="store_true", help="only say which drills there are")
    parser.add_argument("--system", default="", metavar="NAME", help="break this system instead of the drill's own")
    parser.add_argument(
        "--approve",
        choices=("auto", "ask", "wait"),
        help="who decides on the plan: you at once, you when asked (the default at a terminal), or somebody elsewhere",
    )
    _timeout(parser, "10m")
    _format(parser)


def _halt(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why: everybody sees it")
    _system_namespace(parser)


def _forget(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("object", metavar="[KIND/]NAME", help="an experiment, or with system/ before it a system")
    parser.add_argument("--force", action="store_true", help="do it, though nothing is verified")
    _system_namespace(parser)


def _board(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-open", dest="open", action="store_false", help="print the link only")
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="the local port; a free one if not given")
    parser.add_argument(
        "--token-from", default="", metavar="[NAMESPACE/]ACCOUNT", help="sign the browser in as this service account"
    )
    _system_namespace(parser)


def _bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("incident", metavar="INCIDENT", help="its name or number")
    parser.add_argument(
        "-o", "--output", default="", metavar="FILE", help="the .tar.gz; its number's name if not given"
    )
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS)


def _system_namespace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--system-namespace", default="", metavar="NAME", help="where the operator and its API run")


def _format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", choices=("json", "table"), default="table", help="the answer's form")


def _timeout(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--timeout", type=_span, default=parse_span(default), metavar="TIME", help=f"how long to follow it ({default})"
    )


def _span(text: str) -> timedelta:
    try:
        return parse_span(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 90s, 10m or 1h, at most 24h") from None


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65535")
    return int(text)


_ADD: dict[str, Any] = {
    "list": _list,
    "show": _show,
    "approve": _approve,
    "reject": _reject,
    "drill": _drill,
    "halt": _halt,
    "resume": _system_namespace,
    "forget": _forget,
    "board": _board,
    "bundle": _bundle,
    "completion": _completion,
}
