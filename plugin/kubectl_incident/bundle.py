"""`bundle`: all that belongs to one incident in a file that can be sent to somebody. Secrets are never read."""

from __future__ import annotations

import io
import json
import re
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubectl_incident import __version__
from kubectl_incident.documents import EXPERIMENTS, PLANS, SYSTEMS, Document, Json
from kubectl_incident.errors import KubectlFailed, PluginError, UsageError
from kubectl_incident.finding import find_incident, plans_of
from kubectl_incident.kubectl import Kubectl, optional_list
from kubectl_incident.terminal import Terminal

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_PASSWORD = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")


def run_bundle(kubectl: Kubectl, terminal: Terminal, wanted: str, output: str, *, force: bool) -> int:
    incident = find_incident(kubectl, wanted)
    name = incident.text("status.number") or incident.name
    path = Path(output or f"{name.lower()}.tar.gz")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already", "name another file with -o, or write over it with --force")
    files, problems = collect(kubectl.within(incident.namespace), incident)
    files["README.md"] = readme(incident, sorted(files), problems)
    try:
        path.write_bytes(pack(files, name.lower()))
    except OSError as error:
        raise PluginError(f"{path} cannot be written: {error}", "name another file with -o") from error
    size = path.stat().st_size / 1024
    terminal.line(f"{path}: {len(files)} files about {name}, {size:.1f} KiB. Secrets were not read.")
    for problem in problems:
        terminal.note(f"  not in it: {problem}", "yellow")
    return 0


def collect(kubectl: Kubectl, incident: Document) -> tuple[dict[str, str], list[str]]:
    """The files by name, and what could not be read."""
    problems: list[str] = []

    def read(what: str, kinds: str) -> list[Document]:
        found, problem = optional_list(kubectl, kinds)
        if problem is not None:
            problems.append(f"{what}: {problem.what}")
        return found

    plans = plans_of(incident, read("plans", PLANS))
    experiments = [e for e in read("the experiment", EXPERIMENTS) if incident.name in e.texts("status.incidents")]
    named = set(incident.systems)
    systems = [system for system in read("systems", SYSTEMS) if system.name in named]
    about = {d.uid for d in (incident, *plans, *experiments, *systems)}
    events = [e for e in read("Events", "events") if e.text("involvedObject.uid") in about]
    files = {"incident.json": dump(incident)}
    for folder, documents in (("plans", plans), ("experiments", experiments), ("systems", systems)):
        files.update({f"{folder}/{d.name}.json": dump(d) for d in documents})
    if events:
        events.sort(key=lambda event: event.text("lastTimestamp"))
        files["events.json"] = _json([redact(event.raw) for event in events])
    files["versions.json"] = _json(versions(kubectl, problems))
    return files, problems


def versions(kubectl: Kubectl, problems: list[str]) -> Json:
    """Of the plugin, of kubectl and of the server."""
    try:
        return {"plugin": __version__, **kubectl.json("version")}
    except KubectlFailed as error:
        problems.append(f"the server's version: {error.what}")
        return {"plugin": __version__}


def dump(found: Document) -> str:
    return _json(redact(found.raw))


def redact(value: Any) -> Any:
    """The same without what only the server needs, and without passwords in addresses."""
    if isinstance(value, dict):
        dropped: set[str] = {"managedFields", _LAST_APPLIED}
        return {key: redact(item) for key, item in value.items() if key not in dropped}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return _PASSWORD.sub("***@", value) if isinstance(value, str) else value


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def readme(incident: Document, names: Sequence[str], problems: Sequence[str]) -> str:
    """What is in the bundle, for whoever gets it."""
    number = incident.text("status.number") or incident.name
    reason = incident.text("status.reason")
    rows = [
        f"# {number}: {incident.text('spec.title')}",
        "",
        f"- state: {incident.phase or 'not looked at yet'}{f' ({reason})' if reason else ''}",
        f"- severity: {incident.text('status.severity') or 'none'}",
        f"- system: {', '.join(incident.texts('spec.affectedSystems')) or 'none'}",
        f"- namespace: {incident.namespace}",
        "",
        f"Written by `kubectl incident bundle` {__version__} at {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}.",
        "Each file holds an object as the cluster had it, status included. No Secret was read; passwords in addresses",
        "are replaced by ***.",
        "",
        "## Files",
        "",
        *(f"- `{name}`" for name in names),
        "",
        "The story is in `incident.json`: `status.timeline`, `status.diagnosis`, `status.evidence`. What was done is",
        "in `plans/`; the truth and the grade are in `experiments/`: `status.grade`. To break the same again, take the",
        "name, the labels and the spec of the experiment to a file, and run `kubectl incident drill -f FILE`.",
    ]
    if problems:
        rows += ["", "## Could not be read", "", *(f"- {problem}" for problem in problems)]
    return "\n".join(rows) + "\n"


def pack(files: dict[str, str], folder: str) -> bytes:
    """A .tar.gz of the files in one folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in sorted(files):
            content = files[name].encode()
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o644, int(time.time())
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
