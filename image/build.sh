#!/usr/bin/env bash
# Builds the image of this checkout with docker, podman or buildah, and says its size. Called by `make image`.
#   IMAGE          its name and tag
#   IMAGE_BUILDER  which program; the first of the three on PATH when empty
#   PYTHON_IMAGE, NODE_IMAGE  other base images
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'make image: %s\nWhat to do: %s\n' "$1" "$2" >&2
    exit 1
}

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' crds/incident_crds/__init__.py)
image=${IMAGE:-incident-simulator:$version}
builder=${IMAGE_BUILDER:-}
if [ -z "$builder" ]; then
    for name in docker podman buildah; do
        if command -v "$name" >/dev/null; then
            builder=$name
            break
        fi
    done
fi
[ -n "$builder" ] || fail "none of docker, podman and buildah is on PATH" "install one, or name one with IMAGE_BUILDER"
command -v "$builder" >/dev/null || fail "IMAGE_BUILDER is $builder, which is not on PATH" "install it, or name another"

arguments=(--tag "$image" --build-arg "VERSION=$version")
[ -z "${PYTHON_IMAGE:-}" ] || arguments+=(--build-arg "PYTHON_IMAGE=$PYTHON_IMAGE")
[ -z "${NODE_IMAGE:-}" ] || arguments+=(--build-arg "NODE_IMAGE=$NODE_IMAGE")
# Of the commit, so that whoever builds it again gets the same files; an archive of the source has none.
if revision=$(git rev-parse HEAD 2>/dev/null); then
    [ -z "$(git status --porcelain 2>/dev/null)" ] || revision+=-changed
    arguments+=(--build-arg "REVISION=$revision")
    epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
else
    epoch=${SOURCE_DATE_EPOCH:-0}
fi
arguments+=(--build-arg "SOURCE_DATE_EPOCH=$epoch")

"$builder" build "${arguments[@]}" . || fail "$builder could not build $image" \
    "see its words above; base images can be replaced with PYTHON_IMAGE= and NODE_IMAGE="

if [ "$(basename "$builder")" = buildah ]; then
    size=$(buildah images --format '{{.Size}}' "$image")
else
    size=$("$builder" image inspect --format '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1 / 1000000}')
fi
echo "$image: $size"
