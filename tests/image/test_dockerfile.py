"""The Dockerfile and what gets into its build."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
SCRIPTS = Path(sys.executable).parent
NOT_OURS = frozenset({"node_modules", "dist", "__pycache__", ".mypy_cache", ".ruff_cache"})
NEVER_READ = frozenset({"ui/src/api/schema.ts", "ui/.build.lock"})


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile, with continued lines joined."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    return found[max(index for index, (word, _) in enumerate(found) if word == "FROM") :]


def copied() -> list[str]:
    """Paths of the checkout that the Dockerfile copies."""
    sources: list[str] = []
    for word, rest in instructions():
        if word == "COPY" and "--from=" not in rest:
            sources += shlex.split(rest)[:-1]
    return sources


def ignore_rules() -> list[tuple[bool, re.Pattern[str]]]:
    """Of .dockerignore: whether a rule lets in, and what it is about; the last one that fits counts."""
    rules = []
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
            rules.append((line.startswith("!"), re.compile(f"{pattern}(/.*)?")))
    return rules


def gets_in(path: str) -> bool:
    """Whether a build sees that file."""
    fitting = [lets_in for lets_in, pattern in ignore_rules() if pattern.fullmatch(path)]
    return fitting[-1] if fitting else True


def files_below(source: str) -> Iterator[str]:
    """Of what the Dockerfile copies, as a fresh checkout has it."""
    if (ROOT / source).is_file():
        yield source
    for folder, folders, names in os.walk(ROOT / source):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        for name in names:
            path = Path(folder, name).relative_to(ROOT).as_posix()
            if path not in NEVER_READ and not name.endswith(".pyc"):
                yield path


def test_build_sees_all_that_it_copies() -> None:
    for source in copied():
        files = list(files_below(source))
        assert files, f"the Dockerfile copies {source}, which is not there"
        assert not [path for path in files if not gets_in(path)], f"named in the Dockerfile, left out: {source}"


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".env",
        "ui/.env.local",
        ".venv/bin/python",
        "tests/conftest.py",
        "docs/openapi.json",
        "requirements.lock",
        "ui/node_modules/react/index.js",
        "ui/dist/index.html",
        "ui/src/api/schema.ts",
        "operator/incident_operator/__pycache__/main.cpython-311.pyc",
        "image/sbom.py",
    ],
)
def test_build_does_not_see(path: str) -> None:
    assert not gets_in(path)


def test_nothing_gets_in_that_is_not_copied() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    files = [path.relative_to(ROOT).as_posix() for pattern in let_in for path in ROOT.glob(pattern)]
    needed = copied()
    assert files
    assert not [path for path in files if not any(path == s or path.startswith(f"{s}/") for s in needed)]


def test_the_image_runs_as_nobody_in_particular_and_without_a_shell() -> None:
    final = last_stage()
    words = {word: rest for word, rest in final if word in ("USER", "WORKDIR", "ENTRYPOINT", "CMD")}
    assert words == {"USER": "10001:10001", "WORKDIR": "/", "ENTRYPOINT": "[]", "CMD": '["incident-operator"]'}


def test_the_image_gets_nothing_but_the_environment() -> None:
    copies = [rest for word, rest in last_stage() if word in ("COPY", "ADD")]
    assert copies == ["--from=application /opt/incident-simulator /opt/incident-simulator"]


def test_every_base_can_be_replaced() -> None:
    bases = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert set(bases) == {"${PYTHON_IMAGE}", "${NODE_IMAGE}"}
    defaults = dict(rest.split("=", 1) for word, rest in instructions() if word == "ARG" and "_IMAGE=" in rest)
    assert all(re.fullmatch(r"[a-z]+:[0-9][\w.-]+", image) for image in defaults.values())


def test_what_is_installed_is_pinned_by_hash() -> None:
    installs = re.findall(r"pip --python \S+ install ([^\n\\&]+)", DOCKERFILE.read_text())
    assert len(installs) == 2
    assert all("--require-hashes" in words or "--no-index" in words for words in installs)


def test_commands_are_functions_that_give_an_exit_code() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    ours = {name: target for name, target in scripts.items() if name.startswith("incident-")}
    assert {
        "incident-operator",
        "incident-api",
        "incident-disk-agent",
        "incident-proxy",
        "incident-hook",
    } <= ours.keys()
    assert all(re.fullmatch(r"incident_\w+(\.\w+)*:main", target) for target in ours.values())


@pytest.mark.parametrize(
    "command",
    [
        ["hadolint", "--no-color", "Dockerfile"],
        ["shellcheck", "--color=never", "image/build.sh", "charts/kind.sh"],
    ],
    ids=lambda command: command[0],
)
def test_linter_is_content(command: list[str]) -> None:
    program = SCRIPTS / command[0]
    ran = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
