"""`python -m incident_crds.generate [--check]`: write what is generated from the models, or tell whether it is in step.

That is crds/generated/*.yaml and, in the chart, crds/*.yaml and templates/generated/*.yaml.
"""

from __future__ import annotations

import sys
from pathlib import Path

from incident_crds.chart import build_chart_files, to_yaml
from incident_crds.manifests import access_rules, admission_policies, custom_resource_definitions

ROOT = Path(__file__).parents[2]
PLAIN = "crds/generated"
CHART_DEFINITIONS = "charts/incident-simulator/crds"
CHART_TEMPLATES = "charts/incident-simulator/templates/generated"
_FOLDERS = (PLAIN, CHART_DEFINITIONS, CHART_TEMPLATES)
_HEADER = "# Generated from the models: change those and run `make generate`.\n"


def build_files() -> dict[str, str]:
    """Path below the checkout to content."""
    definitions = {
        f"{crd['metadata']['name'].partition('.')[0]}.yaml": to_yaml([crd]) for crd in custom_resource_definitions()
    }
    plain = definitions | {
        "access.yaml": to_yaml(access_rules("incidentsim-system")),
        "policies.yaml": to_yaml(admission_policies(can_stamp=True)),
    }
    folders = {PLAIN: plain, CHART_DEFINITIONS: definitions, CHART_TEMPLATES: build_chart_files()}
    return {
        f"{folder}/{name}": _HEADER + text for folder, files in folders.items() for name, text in sorted(files.items())
    }


def main(arguments: list[str]) -> int:
    """0 when all is in step, or was written; 1 when --check found a difference."""
    files = build_files()
    present = {path for folder in _FOLDERS for path in (ROOT / folder).glob("*.yaml")}
    wanted = {ROOT / name: text for name, text in files.items()}
    if "--check" in arguments:
        wrong = sorted(
            str(path.relative_to(ROOT))
            for path in present | wanted.keys()
            if path not in present or path not in wanted or path.read_text() != wanted[path]
        )
        if wrong:
            print(f"out of step with the models: {', '.join(wrong)}; run `make generate`", file=sys.stderr)
        return 1 if wrong else 0
    for old in present - wanted.keys():
        old.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    print(f"{len(files)} files written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
