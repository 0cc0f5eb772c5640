#!/usr/bin/env bash
# charts/kind.sh up|down: a cluster in containers with the simulator in it, and its end. `up` again upgrades.
#   KIND_CLUSTER   name of the cluster (incident-simulator)
#   IMAGE_BUILDER  docker or podman; the first of the two on PATH when empty
set -euo pipefail
cd "$(dirname "$0")/.."

cluster=${KIND_CLUSTER:-incident-simulator}
context=kind-$cluster
namespace=incidentsim-system
release=incident-simulator

fail() {
    printf 'kind: %s\nWhat to do: %s\n' "$1" "$2" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || fail "$1 is not on PATH" "install it: $2"
}

need_containers() {
    builder=${IMAGE_BUILDER:-}
    [ -n "$builder" ] || builder=$(command -v docker >/dev/null && echo docker || echo podman)
    case $builder in
    docker | podman) ;;
    *) fail "IMAGE_BUILDER is $builder, and kind runs its nodes with docker or podman" "set it to one of them" ;;
    esac
    need "$builder" "https://docs.docker.com/engine/install or https://podman.io/docs/installation"
    "$builder" info >/dev/null 2>&1 || fail "$builder is there and does not answer" \
        "start it; \`$builder info\` says what it lacks"
    [ "$builder" = docker ] || export KIND_EXPERIMENTAL_PROVIDER=podman
    need kind "https://kind.sigs.k8s.io/docs/user/quick-start"
}

has_cluster() { kind get clusters 2>/dev/null | grep -qx "$cluster"; }

make_cluster() {
    if has_cluster; then
        kind export kubeconfig --name "$cluster"
    else
        kind create cluster --name "$cluster" --config kind-config.yaml --wait 3m || fail "the cluster could not be made" \
            "see kind's words above; a port in use is named in kind-config.yaml, and \`make kind-down\` clears the rest"
    fi
}

# Sets repository and tag. The tag is that of the content: pods are replaced when, and only when, the image changed.
load_image() {
    IMAGE=incident-simulator:kind IMAGE_BUILDER=$builder image/build.sh
    local id
    id=$("$builder" image inspect --format '{{.Id}}' incident-simulator:kind)
    id=${id#sha256:}
    tag=kind-${id:0:12}
    repository=incident-simulator
    [ "$builder" = docker ] || repository=localhost/$repository # as podman names what it builds
    "$builder" tag incident-simulator:kind "$repository:$tag"
    # By an archive: `kind load docker-image` does not see podman's images.
    local archive
    archive=$(mktemp -d)
    # shellcheck disable=SC2064  # its name is known now, and is gone when the script ends
    trap "rm -rf '$archive'" EXIT
    "$builder" save --output "$archive/image.tar" "$repository:$tag"
    kind load image-archive --name "$cluster" "$archive/image.tar"
}

install_release() {
    helm upgrade --install "$release" charts/incident-simulator --kube-context "$context" \
        --namespace "$namespace" --create-namespace --values charts/incident-simulator/values-kind.yaml \
        --set "image.repository=$repository" --set "image.tag=$tag" --wait --timeout 5m || fail \
        "the chart could not be installed" "look at \`kubectl --context $context --namespace $namespace get pods,events\`"
}

say_how_to_look() {
    local node_port
    node_port=$(kubectl --context "$context" --namespace "$namespace" get service incident-api \
        --output 'jsonpath={.spec.ports[0].nodePort}')
    echo
    if [ "$node_port" = 30080 ]; then # as mapped in kind-config.yaml
        echo "The board:  http://127.0.0.1:8080"
    else
        echo "The board:  http://127.0.0.1:8080 while this runs:"
        echo "            kubectl --context $context --namespace $namespace port-forward service/incident-api 8080:80"
    fi
    echo "Sign in:    kubectl --context $context --namespace $namespace create token incident-approver"
    echo "The end:    make kind-down"
}

up() {
    need_containers
    need helm "https://helm.sh/docs/intro/install"
    need kubectl "https://kubernetes.io/docs/tasks/tools"
    [ -f charts/incident-simulator/Chart.yaml ] || fail "charts/incident-simulator is missing" "take a whole checkout"
    make_cluster
    load_image
    install_release
    say_how_to_look
}

down() {
    need_containers
    if has_cluster; then
        kind delete cluster --name "$cluster"
    else
        echo "there is no cluster $cluster"
    fi
}

case "${1:-}" in
up | down) "$1" ;;
*) fail "it takes one word, up or down" "run \`make kind-up\` or \`make kind-down\`" ;;
esac
