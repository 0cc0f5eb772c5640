# The one image of the incident simulator: operator, API with the board, disk agent. docs/image.md says more.
#
#   docker build -t incident-simulator:dev .
#
# It is made from the lock files alone: image/build.lock, image/runtime.lock and ui/package-lock.json.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG NODE_IMAGE=node:20-bookworm-slim


FROM ${NODE_IMAGE} AS board
WORKDIR /src/ui
COPY ui/package.json ui/package-lock.json ui/.npmrc ./
RUN npm ci --ignore-scripts
COPY ui ./
RUN npm run build


FROM ${PYTHON_IMAGE} AS application
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY image/build.lock image/runtime.lock image/
# Two environments: what builds the wheel is not in the image.
RUN python3 -m venv --without-pip /build \
 && python3 -m venv --without-pip /opt/incident-simulator \
 && install() { python3 -m pip --python "$1" install --quiet --no-compile --no-deps --require-hashes --only-binary=:all: -r "$2"; } \
 && install /build/bin/python image/build.lock \
 && install /opt/incident-simulator/bin/python image/runtime.lock

COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY crds/incident_crds crds/incident_crds
COPY operator operator
COPY api api
COPY local local
COPY scenarios scenarios
COPY ui ui
COPY --from=board /src/ui/dist ui/dist
COPY image/finish.py image/
# Files that are made here bear this time; `make image` gives that of the commit.
ARG SOURCE_DATE_EPOCH=0
# The board's stage has no Python: the stamp without which no wheel is made is written here, from the same source.
RUN export SOURCE_DATE_EPOCH \
 && python3 local/incident_local/fingerprint.py ui >/tmp/built-from && mv /tmp/built-from ui/dist/.built-from \
 && /build/bin/python -m hatchling build -t wheel -d /tmp/wheel \
 && python3 -m pip --python /opt/incident-simulator/bin/python install --quiet --no-compile --no-deps --no-index /tmp/wheel/*.whl \
 && /opt/incident-simulator/bin/python image/finish.py


FROM ${PYTHON_IMAGE}
# What installs software has no use here. In a layer of its own: it hides these files, the base image still holds them.
RUN python3 -m pip uninstall --quiet --yes --root-user-action=ignore setuptools wheel pip \
 && rm -rf /usr/local/lib/python3.*/ensurepip /usr/lib/python3.*/ensurepip /usr/share/python-wheels \
 && rm -f /usr/local/bin/pip*
COPY --from=application /opt/incident-simulator /opt/incident-simulator
# PYTHONSAFEPATH: a process of ours imports nothing from the folder that it happens to be started in.
ENV PATH=/opt/incident-simulator/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1
WORKDIR /
USER 10001:10001
ENTRYPOINT []
CMD ["incident-operator"]
ARG VERSION=0.0.0
ARG REVISION=
LABEL org.opencontainers.image.title="incident-simulator" \
      org.opencontainers.image.description="Incident drills for real on Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
