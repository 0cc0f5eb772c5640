"""`python -m incident_crds.generate [--check]`: write crds/generated/*.yaml, or tell whether they are in step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from typing_extensions import override

from incident_crds.manifests import access_rules, admission_policies, custom_resource_definitions

FOLDER = Path(__file__).parents[1] / "generated"
_HEADER = "# Generated from the models: change those and run `make generate`.\n"


def build_files() -> dict[str, str]:
    """File name to content."""
    files = {f"{crd['metadata']['name'].partition('.')[0]}.yaml": [crd] for crd in custom_resource_definitions()}
    files["access.yaml"] = access_rules("incidentsim-system")
    files["policies.yaml"] = admission_policies(can_stamp=True)
    return {name: _HEADER + _to_yaml(objects) for name, objects in files.items()}


class _Dumper(yaml.SafeDumper):
    """Writes shared parts out in full: people read these files, and not every tool reads anchors."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        return True


def _to_yaml(objects: list[dict[str, Any]]) -> str:
    return yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


def main(arguments: list[str]) -> int:
    """0 when all is in step, or was written; 1 when --check found a difference."""
    files = build_files()
    if "--check" in arguments:
        present = {path.name for path in FOLDER.glob("*.yaml")}
        wrong = sorted(
            {n for n, text in files.items() if n not in present or (FOLDER / n).read_text() != text}
            | (present - files.keys())
        )
        if wrong:
            print(f"out of step with the models: {', '.join(wrong)}; run `make generate`", file=sys.stderr)
        return 1 if wrong else 0
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.yaml"):
        old.unlink()
    for name, text in files.items():
        (FOLDER / name).write_text(text)
    print(f"{len(files)} files written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
