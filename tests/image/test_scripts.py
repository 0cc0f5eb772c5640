"""`make image`, `make kind-up` and `make kind-down`, with programs that write down how they were called."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "image" / "build.sh"
KIND = ROOT / "charts" / "kind.sh"
TOOLS = ("awk", "basename", "bash", "dirname", "env", "git", "grep", "mktemp", "rm", "sed")
# Answers what the scripts ask, and keeps in files which clusters there are.
STAND_IN = """#!/bin/sh
name=${0##*/}
echo "$name $*" >>"$STATE/calls"
case "$name $1 $2" in
"docker image inspect" | "podman image inspect")
    case "$*" in *Size*) echo 570000000 ;; *) echo "sha256:$(cat "$STATE/id")" ;; esac ;;
"buildah images --format") echo "570 MB" ;;
"kind get clusters") cat "$STATE/clusters" ;;
"kind create cluster") echo "$4" >>"$STATE/clusters" ;;
"kind delete cluster") : >"$STATE/clusters" ;;
kubectl*) cat "$STATE/port" ;;
esac
[ ! -e "$STATE/fails-$name-$1" ]
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A PATH with the programs that a test wants, and nothing else."""

    folder: Path

    def install(self, *programs: str) -> None:
        for program in programs:
            path = self.folder / "bin" / program
            path.write_text(STAND_IN)
            path.chmod(0o755)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def run(self, script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        given = {"PATH": str(self.folder / "bin"), "STATE": str(self.folder), "TMPDIR": str(self.folder / "tmp")}
        return subprocess.run(
            ["bash", script, *arguments],
            env=given | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def calls(self, program: str = "") -> list[str]:
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(program)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    for tool in (*TOOLS, "cat"):
        found = shutil.which(tool)
        if found is not None:
            (tmp_path / "bin" / tool).symlink_to(found)
    made = Place(tmp_path)
    made.write("clusters", "")
    made.write("id", "0123456789abcdef" * 4)
    made.write("port", "")
    return made


@pytest.fixture
def kind(place: Place) -> Place:
    if not (ROOT / "charts" / "incident-simulator" / "Chart.yaml").is_file():
        pytest.skip("this checkout has no chart")
    place.install("docker", "kind", "helm", "kubectl")
    return place


@pytest.mark.parametrize("builder", ["docker", "podman", "buildah"])
def test_image_is_built_by_what_is_there(place: Place, builder: str) -> None:
    place.install(builder)
    ran = place.run(BUILD, IMAGE="incident-simulator:test", SOURCE_DATE_EPOCH="1700000000")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "incident-simulator:test: 570 MB\n"
    (built,) = place.calls(f"{builder} build ")
    assert "--tag incident-simulator:test" in built
    assert "--build-arg SOURCE_DATE_EPOCH=1700000000" in built
    assert "_IMAGE=" not in built, "the Dockerfile's own bases"
    assert built.endswith(" .")


def test_image_is_named_by_the_version_and_takes_other_bases(place: Place) -> None:
    place.install("docker", "podman")
    ran = place.run(BUILD, IMAGE_BUILDER="podman", PYTHON_IMAGE="base/python:3.11", NODE_IMAGE="base/node:20")
    assert ran.returncode == 0, ran.stderr
    assert not place.calls("docker")
    (built,) = place.calls("podman build")
    version = built.split("--build-arg VERSION=")[1].split()[0]
    assert f"--tag incident-simulator:{version} " in built
    assert "--build-arg PYTHON_IMAGE=base/python:3.11 --build-arg NODE_IMAGE=base/node:20" in built


def test_without_a_builder_it_says_what_to_do(place: Place) -> None:
    ran = place.run(BUILD)
    assert ran.returncode == 1
    assert "none of docker, podman and buildah is on PATH" in ran.stderr
    assert "What to do: install one" in ran.stderr


def test_a_builder_that_is_missing_is_named(place: Place) -> None:
    ran = place.run(BUILD, IMAGE_BUILDER="podman")
    assert (ran.returncode, "IMAGE_BUILDER is podman, which is not on PATH" in ran.stderr) == (1, True)


def test_a_failed_build_is_no_image(place: Place) -> None:
    place.install("docker")
    place.write("fails-docker-build", "")
    ran = place.run(BUILD)
    assert ran.returncode == 1
    assert "docker could not build" in ran.stderr
    assert "MB" not in ran.stdout


def test_kind_up_makes_everything_and_says_how_to_sign_in(kind: Place) -> None:
    ran = kind.run(KIND, "up")
    assert ran.returncode == 0, ran.stderr
    assert kind.calls("kind create") == [
        "kind create cluster --name incident-simulator --config kind-config.yaml --wait 3m"
    ]
    (loaded,) = kind.calls("kind load image-archive --name incident-simulator ")
    (saved,) = kind.calls("docker save")
    assert saved.split()[-1] == "incident-simulator:kind-0123456789ab"
    assert saved.split()[-2] == loaded.split()[-1]
    (installed,) = kind.calls("helm")
    assert installed.startswith("helm upgrade --install incident-simulator charts/incident-simulator ")
    for words in (
        "--kube-context kind-incident-simulator",
        "--namespace incidentsim-system --create-namespace",
        "--values charts/incident-simulator/values-kind.yaml",
        "--set image.repository=incident-simulator --set image.tag=kind-0123456789ab",
        "--wait",
    ):
        assert words in installed
    assert "port-forward service/incident-api 8080:80" in ran.stdout
    assert "create token incident-approver" in ran.stdout
    assert not list((kind.folder / "tmp").iterdir()), "the archive is gone"


def test_kind_up_again_upgrades_and_makes_no_second_cluster(kind: Place) -> None:
    first = kind.run(KIND, "up")
    kind.write("id", "fedcba9876543210" * 4)
    second = kind.run(KIND, "up")
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert len(kind.calls("kind create")) == 1
    assert kind.calls("kind export") == ["kind export kubeconfig --name incident-simulator"]
    assert [call.split("image.tag=")[1].split()[0] for call in kind.calls("helm")] == [
        "kind-0123456789ab",
        "kind-fedcba987654",
    ]


def test_a_mapped_port_needs_no_forwarding(kind: Place) -> None:
    assert "containerPort: 30080" in (ROOT / "kind-config.yaml").read_text()
    kind.write("port", "30080")
    ran = kind.run(KIND, "up")
    assert "http://127.0.0.1:8080\n" in ran.stdout
    assert "port-forward" not in ran.stdout


def test_podman_names_its_images_otherwise(kind: Place) -> None:
    kind.install("podman")
    ran = kind.run(KIND, "up", IMAGE_BUILDER="podman")
    assert ran.returncode == 0, ran.stderr
    assert not kind.calls("docker")
    assert "image.repository=localhost/incident-simulator " in kind.calls("helm")[0]


@pytest.mark.parametrize("program", ["docker", "kind", "helm", "kubectl"])
def test_a_missing_program_is_named_before_anything_is_made(kind: Place, program: str) -> None:
    (kind.folder / "bin" / program).unlink()
    ran = kind.run(KIND, "up")
    assert ran.returncode == 1
    assert f"{'podman' if program == 'docker' else program} is not on PATH" in ran.stderr
    assert "What to do: install it: https://" in ran.stderr
    assert not kind.calls("kind create")


def test_a_container_engine_that_does_not_run_is_said(kind: Place) -> None:
    kind.write("fails-docker-info", "")
    ran = kind.run(KIND, "up")
    assert ran.returncode == 1
    assert "docker is there and does not answer" in ran.stderr


def test_a_failed_install_says_where_to_look(kind: Place) -> None:
    kind.write("fails-helm-upgrade", "")
    ran = kind.run(KIND, "up")
    assert ran.returncode == 1
    assert "the chart could not be installed" in ran.stderr
    assert "create token" not in ran.stdout


def test_kind_down_deletes_what_is_there_and_can_be_repeated(kind: Place) -> None:
    kind.run(KIND, "up")
    first, second = kind.run(KIND, "down"), kind.run(KIND, "down")
    assert (first.returncode, second.returncode) == (0, 0)
    assert kind.calls("kind delete") == ["kind delete cluster --name incident-simulator"]
    assert "there is no cluster incident-simulator" in second.stdout


def test_an_unknown_word_is_refused(place: Place) -> None:
    ran = place.run(KIND, "sideways")
    assert (ran.returncode, "up or down" in ran.stderr) == (1, True)
