# Needs make and Python 3.11 with venv. Everything else is pinned and installed by `make venv`,
# or fetched and built by the first `make drill`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := $(VENV)/.dependencies
STAMP := $(VENV)/.installed
UV_VERSION := 0.13.9
# Drills to run, such as DRILL=redis-memory; all four when empty.
DRILL ?=
# Flags of the benchmark, such as BENCH="--quick"; PEER_SOURCE=path adds the peer (benchmarks/README.md).
BENCH ?=
# Flags of the fuzzer, such as FUZZ="--seed 2 --cases 50000".
FUZZ ?=
# Flags of the crash test, such as CRASH="--fault DiskFill" or CRASH="--seed 7 --kills 50".
CRASH ?=
# Where a release of the kubectl plugin will lie, such as PLUGIN="--release-url https://... --homepage https://...".
PLUGIN ?=
# The image that `make image` builds, and with what: docker, podman or buildah; the first on PATH when empty.
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' crds/incident_crds/__init__.py)
IMAGE ?= incident-simulator:$(VERSION)
IMAGE_BUILDER ?=
# Other base images than those of the Dockerfile.
PYTHON_IMAGE ?=
NODE_IMAGE ?=
export IMAGE_BUILDER PYTHON_IMAGE NODE_IMAGE

.DEFAULT_GOAL := help
.PHONY: help venv prepare board drill up down test test-slow check lint-chart e2e crash-test screenshots bench-api bench-board fuzz-api generate lock lock-image image sbom kind-up kind-down plugin clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(STAMP) ## Make the virtual environment from the lock; made anew when the lock changes.

$(DEPENDENCIES): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "installing the pinned dependencies into $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ echo "The module venv is missing; on Debian: apt install python3.11-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	@touch $@

$(STAMP): $(DEPENDENCIES) pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

prepare: venv ## Fetch and build whatever the laptop runtime needs, once.
	@$(BIN)/incident-simulator prepare

board: venv ## Build the board, if its source changed. `prepare` and `up` do so, too.
	@$(BIN)/incident-simulator board

drill: venv ## Break, notice, diagnose, approve, heal, prove, grade: all four drills, or DRILL=name.
	@$(BIN)/incident-simulator drill $(DRILL) --approve auto

up: venv ## Start everything and stay; says how to look and how to run a drill by hand.
	@$(BIN)/incident-simulator up

down: ## Stop a running `make up`, and make sure that nothing of it is left.
	@if [ -x $(BIN)/incident-simulator ]; then $(BIN)/incident-simulator down; else echo "nothing was installed here"; fi

STATIC := tests/chart tests/image
# Tests mostly wait: three processes, each with a stack of its own, fill two cores. A file's tests stay together, in order.
SPREAD := --numprocesses 3 --dist loadfile --no-loadscope-reorder

test: prepare ## Run all tests but those that `make check` has run, those of `make test-slow` and of `make e2e`.
	@$(BIN)/incident-simulator board --test
	@$(BIN)/python -m pytest tests $(STATIC:%=--ignore=%) $(SPREAD)

test-slow: prepare ## The slow tests, which `make test` leaves out; five minutes.
	@$(BIN)/python -m pytest tests -m slow $(SPREAD)

e2e: venv ## The chart on the cluster of KUBECONFIG, with the image E2E_IMAGE that it has: 20 minutes. Installs and uninstalls.
	@$(BIN)/python -m pytest tests/e2e --timeout 900 -x

check: venv ## Format, lint, types, imports of tests, import contracts, generated files, Go code, lock, the board.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@echo "importing all tests, those of make e2e too"
	@said=$$($(BIN)/python -m pytest --collect-only -qq --override-ini norecursedirs='.*' tests 2>&1) || { echo "$$said"; exit 1; }
	$(BIN)/lint-imports
	$(BIN)/python -m incident_crds.generate --check
	$(BIN)/python -m incident_api.document --check
	$(BIN)/python -m pytest --quiet tests/local/test_locks.py $(STATIC)
	$(BIN)/incident-simulator vet
	$(BIN)/incident-simulator board --check
	$(BIN)/python -m tests.chart.lint

lint-chart: venv ## The chart by helm lint, kubeconform and, where there is one, kube-linter; builds the first two once.
	@$(BIN)/python -m tests.chart.lint

crash-test: prepare ## Kill the operator at every step of every fault, and see that nothing is left; half an hour. CRASH="--kills 50".
	@$(BIN)/incident-simulator crash-test $(CRASH)
	@$(if $(CRASH),,$(BIN)/incident-simulator crash-test --for-good)

screenshots: prepare ## Take the README's pictures of real drills again; look at them before they are committed.
	@$(BIN)/python -m pytest tests/board/screenshots.py

bench-api: prepare ## Measure the API with 1,000 boards; about 15 minutes, or BENCH="--quick".
	@$(BIN)/python -m benchmarks $(BENCH)

bench-board: prepare ## Measure the board in a browser with 1,000 incidents under load; two minutes.
	@$(BIN)/python -m benchmarks --only board --seconds 20 $(BENCH)

fuzz-api: prepare ## Send the API 20,000 made-up requests; ten minutes, thirty on a slow machine. FUZZ="--seed 2".
	@$(BIN)/python -m tests.api.fuzzing $(FUZZ)

generate: venv ## Write crds/generated/ and the chart's generated files from the models, and docs/api.md and docs/openapi.json from the API.
	@$(BIN)/python -m incident_crds.generate
	@$(BIN)/python -m incident_api.document

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links

plugin: ## Build `kubectl incident` as one program, its archive and its krew manifest, into dist/.
	@$(PYTHON) plugin/build.py dist $(PLUGIN)

lock: ## Renew requirements.lock and wheels.lock from pyproject.toml and wheels.in, and the image's locks from it.
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(COMPILE) --upgrade --all-extras pyproject.toml --output-file requirements.lock
	$(COMPILE) --no-deps local/incident_local/wheels.in --output-file local/incident_local/wheels.lock
	@$(MAKE) --no-print-directory lock-image

lock-image: ## Cut the image's locks out of requirements.lock anew; no version changes.
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	rm -f image/runtime.lock image/build.lock
	$(COMPILE) --constraint requirements.lock --extra operator --extra api --extra models --extra tracing pyproject.toml \
		--output-file image/runtime.lock
	$(COMPILE) --constraint requirements.lock image/build.in --output-file image/build.lock

image: ## Build the container image IMAGE, and say its size.
	@IMAGE=$(IMAGE) image/build.sh

sbom: venv ## List what is in the image in dist/, as CycloneDX.
	@$(BIN)/python -m image.sbom dist/incident-simulator-$(VERSION).cdx.json

kind-up: ## Make a kind cluster, or take it as it is; build and load the image; install or upgrade the chart.
	@charts/kind.sh up

kind-down: ## Delete that cluster.
	@charts/kind.sh down

clean: ## Stop what runs; remove state, environment and tool caches. The control plane stays in the user's cache.
	@if [ -x $(BIN)/incident-simulator ]; then $(BIN)/incident-simulator down --delete-data; fi
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	rm -rf ui/node_modules ui/dist ui/.build.lock
