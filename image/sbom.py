"""Lists what is in the image beside its base, as CycloneDX 1.6: `python -m image.sbom OUTPUT`.

Made from the lock files, and from what the packages of this environment say about themselves: it holds the same
versions. The packages of the base image are those that its maker lists.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageMetadata, distribution
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "image" / "runtime.lock"
EXTRAS = ("operator", "api", "models", "tracing")
"""Those of pyproject.toml that the image holds, as `make lock` names them."""
IMAGE_PYTHON = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.14",
    "python_version": "3.11",
    "sys_platform": "linux",
}
"""What decides which lines of the lock count in the image."""
STYLES = frozenset({"tailwindcss"})
"""Packages of the build of which the built board holds a part: its base styles."""
_ENTRY = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\\n]+?))?(?= ?\\?\n)", re.M)
_SHORT_LICENSE = 60
Component = dict[str, Any]


def main(arguments: list[str]) -> int:
    """0 when it is written, 2 for wrong arguments."""
    if len(arguments) != 1:
        print("usage: python -m image.sbom OUTPUT", file=sys.stderr)
        return 2
    output = Path(arguments[0])
    output.parent.mkdir(parents=True, exist_ok=True)
    document = build_document(os.environ.get("SOURCE_DATE_EPOCH"))
    output.write_text(json.dumps(document, indent=2) + "\n")
    print(f"{output}: {len(document['components'])} components")
    return 0


def build_document(epoch: str | None = None) -> dict[str, Any]:
    """The same for the same locks: its number is made of its content, and its time is given or left out."""
    python = list(python_components())
    components = [*python, *board_components()]
    version = distribution("incident-simulator").version
    root: Component = {
        "type": "container",
        "bom-ref": "incident-simulator",
        "name": "incident-simulator",
        "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    metadata: dict[str, Any] = {"component": root}
    if epoch is not None:
        metadata["timestamp"] = datetime.fromtimestamp(int(epoch), UTC).isoformat()
    content = json.dumps([root, components], sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": list(dependencies(python)),
    }


def read_lock(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Name, version and SHA-256 of each file of what the image installs of a lock."""
    text = path.read_text()
    entries = list(_ENTRY.finditer(text))
    for entry, following in zip(entries, [*entries[1:], None], strict=True):
        marker = entry["marker"]
        if marker is None or Marker(marker).evaluate(IMAGE_PYTHON):
            block = text[entry.end() : following.start() if following else None]
            yield canonicalize_name(entry["name"]), entry["version"], re.findall(r"--hash=sha256:([0-9a-f]{64})", block)


def python_components() -> Iterator[Component]:
    """Of the lock; a component has the hash of each of its files, of which a platform installs one."""
    for name, version, hashes in read_lock(LOCK):
        found = distribution(name)
        if found.version != version:
            raise SystemExit(
                f"{name} is pinned at {version}, and {found.version} is installed here\nWhat to do: run `make venv`"
            )
        yield {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "hashes": [{"alg": "SHA-256", "content": content} for content in hashes],
            "licenses": licenses(found.metadata),
        }


def licenses(metadata: PackageMetadata) -> list[dict[str, Any]]:
    """The expression, else the short name, else what the classifiers say. Empty where a package says nothing."""
    expressions = metadata.get_all("License-Expression")
    if expressions:
        return [{"expression": expressions[0]}]
    named = (metadata.get_all("License") or [""])[0].strip()
    if named and "\n" not in named and len(named) <= _SHORT_LICENSE:
        return [{"license": {"name": named}}]
    classifiers = metadata.get_all("Classifier") or []
    found = (text.removeprefix("License :: OSI Approved :: ") for text in classifiers if text.startswith("License :: "))
    return [{"license": {"name": text}} for text in found]


def board_components() -> Iterator[Component]:
    """The npm packages that the board is built of; the bundler leaves out of them what it can."""
    packages = json.loads((ROOT / "ui" / "package-lock.json").read_text())["packages"]
    for path, package in sorted(packages.items()):
        name = path.rpartition("node_modules/")[2]
        is_for_development = package.get("dev") or name.startswith(
            "@types/"
        )  # the types of a peer are marked as needed
        if not path or (is_for_development and name not in STYLES):
            continue
        version = package["version"]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
        algorithm, _, digest = package["integrity"].partition("-")
        yield {
            "type": "library",
            "bom-ref": f"{purl}#{path}",
            "name": name,
            "version": version,
            "purl": purl,
            "hashes": [{"alg": f"SHA-{algorithm.removeprefix('sha')}", "content": base64.b64decode(digest).hex()}],
            "licenses": [{"expression": package["license"]}],
        }


def dependencies(components: list[Component]) -> Iterator[dict[str, Any]]:
    """Which Python component needs which; the image's own line first."""
    references = {component["name"]: component["bom-ref"] for component in components}
    wanted = {name for name in direct_names() if name in references}
    yield {"ref": "incident-simulator", "dependsOn": sorted(references[name] for name in wanted)}
    for name, reference in references.items():
        needed = {canonicalize_name(r.name) for r in required_by(name)} & references.keys()
        yield {"ref": reference, "dependsOn": sorted(references[other] for other in needed)}


def direct_requirements() -> list[Requirement]:
    """Of pyproject.toml and its extras that the image holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = (line for extra in EXTRAS for line in project["optional-dependencies"][extra])
    return [Requirement(line) for line in (*project["dependencies"], *extras)]


def direct_names() -> set[str]:
    """Their names, as locks write them."""
    return {canonicalize_name(requirement.name) for requirement in direct_requirements()}


def required_by(name: str, extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
    """What a distribution needs in the image, with those extras of it."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate(IMAGE_PYTHON | {"extra": extra}) for extra in ("", *extras)):
            yield requirement


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
