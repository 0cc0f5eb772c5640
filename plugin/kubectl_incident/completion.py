"""Completion: scripts for the shells, and the answers that they and kubectl itself ask for.

The protocol is that of kubectl's plugins: a completion on each line, with a tab before what it means, then a line
`:4` for "no files" or `:0` for "files, too".
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from kubectl_incident.documents import INCIDENTS, PLANS, SYSTEMS
from kubectl_incident.errors import PluginError
from kubectl_incident.kubectl import Kubectl, find_kubectl
from kubectl_incident.scenarios import bundled, summary_of

COMMANDS: dict[str, str] = {
    "list": "The incidents there are",
    "show": "The whole story of an incident",
    "approve": "Let a plan run",
    "reject": "Keep a plan from running, and call a person",
    "drill": "Break a system for real, and grade how it is healed",
    "halt": "Stop all chaos",
    "resume": "Let chaos go on",
    "forget": "Let go of an object whose fault nobody will undo any more",
    "board": "Open the board in a browser",
    "bundle": "Pack all about an incident into a file",
    "completion": "Completion for a shell, or for kubectl",
}
FLAGS: dict[str, tuple[str, ...]] = {
    "list": ("--open", "--all", "--output"),
    "show": ("--output",),
    "approve": ("--yes", "--hash", "--no-wait", "--timeout"),
    "reject": ("--reason", "--no-wait"),
    "drill": ("--filename", "--system", "--approve", "--timeout", "--list", "--output"),
    "halt": ("--reason", "--system-namespace"),
    "resume": ("--system-namespace",),
    "forget": ("--force", "--system-namespace"),
    "board": ("--no-open", "--port", "--token-from", "--system-namespace"),
    "bundle": ("--output", "--force"),
}
PASSED_ON = ("--context", "--kubeconfig", "--cluster", "--user", "--as", "--as-group")
"""Global flags with a value that kubectl is given as they are."""
SHELLS = ("bash", "zsh", "fish", "kubectl")
_WITH_VALUE = (
    *PASSED_ON,
    *("-n", "--namespace", "-o", "--output", "-f", "--filename", "--approve", "--system", "--hash", "--reason"),
    *("--timeout", "--port", "--token-from", "--system-namespace"),
)
_NO_FILES, _FILES = ":4", ":0"
_SECONDS = 3


def complete(words: Sequence[str]) -> tuple[list[str], str]:
    """For what was typed after `kubectl incident`, the last word being incomplete: completions and the directive."""
    *before, last = words or [""]
    previous = before[-1] if before else ""
    command = next(iter(_positional(before)), "")
    if previous in ("-f", "--filename", "--kubeconfig") or (command == "bundle" and previous in ("-o", "--output")):
        return [], _FILES
    try:
        if previous in _WITH_VALUE:
            found = _values(previous, before)
        elif last.startswith("-"):
            found = [*FLAGS.get(command, ()), "--namespace", "--all-namespaces", *PASSED_ON, "--help"]
        elif not command:
            found = [f"{name}\t{meaning}" for name, meaning in COMMANDS.items()]
        else:
            found = _arguments(command, before)
    except PluginError:  # a shell that waits for completions wants no message
        found = []
    return [line for line in found if line.startswith(last)], _NO_FILES


def _positional(words: Sequence[str]) -> Iterable[str]:
    """The words that are neither flags nor their values."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in _WITH_VALUE
        else:
            yield word


def _kubectl(words: Sequence[str]) -> Kubectl:
    """With the flags that were typed so far."""
    flags: list[str] = []
    namespace = ""
    for flag, value in zip(words, [*words[1:], ""]):
        name, separator, joined = flag.partition("=")
        if name in PASSED_ON:
            flags += [flag] if separator else [flag, value]
        elif name in ("-n", "--namespace"):
            namespace = joined if separator else value
    everywhere = bool({"-A", "--all-namespaces"} & set(words))
    return Kubectl(find_kubectl(), tuple(flags), namespace, everywhere, _SECONDS)


def _values(flag: str, words: Sequence[str]) -> list[str]:
    if flag in ("-o", "--output"):
        return ["json", "table"]
    if flag == "--approve":
        return ["auto\tat once", "ask\there at the terminal", "wait\tsomebody elsewhere does"]
    if flag in ("-n", "--namespace", "--system-namespace"):
        return [found.name for found in _kubectl(words[:-1]).list("namespaces")]
    if flag == "--context":
        return _kubectl(()).run("config", "get-contexts", "--output=name").split()
    if flag == "--system":
        return [f"{s.name}\t{s.text('spec.type')}, {s.phase}" for s in _kubectl(words).list(SYSTEMS)]
    return []


def _arguments(command: str, words: Sequence[str]) -> list[str]:
    if len(list(_positional(words))) > 1:  # each takes one
        return []
    if command in ("show", "bundle"):
        incidents = _kubectl(words).list(INCIDENTS)
        numbered = [f"{i.text('status.number')}\t{i.text('spec.title')}" for i in incidents if i.text("status.number")]
        return [*numbered, *(f"{i.name}\t{i.phase}" for i in incidents)]
    if command in ("approve", "reject"):
        waiting = (p for p in _kubectl(words).list(PLANS) if p.phase == "AwaitingApproval")
        return [f"{plan.name}\t{plan.text('status.actions')}, risk {plan.text('status.risk')}" for plan in waiting]
    if command == "drill":
        return [f"{name}\t{summary_of(text)}" for name, text in bundled().items()]
    return list(SHELLS) if command == "completion" else []


def main() -> int:
    """What kubectl calls as `kubectl_complete-incident`."""
    print_completions(sys.argv[1:])
    return 0


def print_completions(words: Sequence[str]) -> None:
    found, directive = complete(words)
    print("\n".join([*found, directive]))


def script(shell: str) -> str:
    """To be sourced by the shell; for kubectl, the program that it looks for on PATH."""
    return {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "kubectl": _KUBECTL}[shell]


_KUBECTL = """\
#!/bin/sh
# kubectl calls this to complete `kubectl incident ...`: put it on PATH as kubectl_complete-incident, executable.
exec kubectl-incident __complete "$@"
"""

_BASH = """\
# bash completion for kubectl-incident: source <(kubectl incident completion bash)
__kubectl_incident() {
    local words line directive=4
    words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            :*) directive="${line#:}" ;;
            *) COMPREPLY+=("${line%%$'\\t'*}") ;;
        esac
    done < <(kubectl-incident __complete "${words[@]}" 2>/dev/null)
    if [ "$directive" = 0 ]; then
        COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
    fi
}
complete -F __kubectl_incident kubectl-incident
"""

_ZSH = """\
#compdef kubectl-incident
# zsh completion for kubectl-incident: source <(kubectl incident completion zsh)
_kubectl_incident() {
    local -a found
    local line directive=4
    while IFS= read -r line; do
        case "$line" in
            :*) directive="${line#:}" ;;
            *) found+=("${${line//:/\\\\:}/$'\\t'/:}") ;;
        esac
    done < <(kubectl-incident __complete "${(@)words[2,$CURRENT]}" 2>/dev/null)
    if [ "$directive" = 0 ]; then
        _files
    else
        _describe incident found
    fi
}
compdef _kubectl_incident kubectl-incident
"""

_FISH = """\
# fish completion for kubectl-incident: kubectl incident completion fish | source
function __kubectl_incident
    set -l words (commandline -opc) (commandline -ct)
    kubectl-incident __complete $words[2..-1] 2>/dev/null | string match -v -r '^:'
end
complete -c kubectl-incident -f -a '(__kubectl_incident)'
"""
