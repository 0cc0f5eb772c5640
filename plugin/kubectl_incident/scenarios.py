"""The drills that come with the plugin, and those in a file. kubectl reads the YAML: Python's own library cannot."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from kubectl_incident.documents import DRILL_LABEL, SUMMARY_ANNOTATION, Document, clean
from kubectl_incident.errors import KubectlFailed, PluginError, UsageError
from kubectl_incident.finding import nearest
from kubectl_incident.kubectl import RESPONDER, Kubectl

_PACKAGE = Path(__file__).resolve().parent
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SUMMARY = re.compile(rf"^\s*{re.escape(SUMMARY_ANNOTATION)}:\s*(.+)$", re.MULTILINE)


def bundled() -> dict[str, str]:
    """Each drill's YAML by its name: from the archive, the installed package, or the checkout."""
    archive = next((folder for folder in _PACKAGE.parents if folder.is_file()), None)
    if archive is not None:
        with zipfile.ZipFile(archive) as packed:
            inside = [
                n for n in packed.namelist() if n.startswith("kubectl_incident/scenarios/") and n.endswith(".yaml")
            ]
            found = {Path(name).stem: packed.read(name).decode() for name in inside}
    else:
        checkout = _PACKAGE.parents[1] / "scenarios"
        # in a wheel they lie with the resources: files that are read, and nothing that is imported
        folder = checkout if checkout.is_dir() else _PACKAGE.parent / "incident_crds" / "scenarios"
        found = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml")}
    return {name: found[name] for name in sorted(found) if _NAME.fullmatch(name)}


def summary_of(text: str) -> str:
    """What the scenario does, in its author's words; empty where there are none."""
    found = _SUMMARY.search(text)
    return clean(found.group(1).strip("'\"")) if found else ""


def load(kubectl: Kubectl, name: str) -> Document:
    """A bundled one. Raises UsageError with the nearest."""
    known = bundled()
    if name not in known:
        close = nearest(name, known)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise UsageError(
            f"There is no drill {name}", f"{hint}those there are: {', '.join(known) or 'none'}; or give -f FILE"
        )
    return parse(kubectl, known[name], name)


def load_file(kubectl: Kubectl, path: str) -> Document:
    """One of the person's own."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "name a file with one ChaosExperiment") from error
    return parse(kubectl, text, Path(path).stem)


def parse(kubectl: Kubectl, text: str, name: str) -> Document:
    """The manifest, labelled as a run of that drill."""
    # without a namespace of ours: kubectl refuses a file that names another
    reader = Kubectl(kubectl.program, kubectl.flags)
    try:
        raw = reader.json("create", "--dry-run=client", "--validate=false", "--filename=-", stdin=text, role=RESPONDER)
    except ValueError as error:  # several documents come one after the other
        raise UsageError(f"{name} holds more than one object", "name a file with one ChaosExperiment") from error
    except KubectlFailed as error:
        raise PluginError(f"{name} cannot be read as a drill: {error.what}", error.remedy) from error
    found = Document(raw)
    if found.kind != "ChaosExperiment":
        raise UsageError(
            f"{name} is a {found.kind or 'list'}, and no ChaosExperiment", "a drill is one ChaosExperiment"
        )
    labels = raw.setdefault("metadata", {}).setdefault("labels", {})
    labels.setdefault(DRILL_LABEL, name)
    return found


def names() -> list[str]:
    return list(bundled())
