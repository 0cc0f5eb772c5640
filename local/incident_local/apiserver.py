"""How the API server is started: ours with etcd inside, or envtest's two binaries."""

from __future__ import annotations

from pathlib import Path

from incident_local.identities import Identities
from incident_local.ports import LOOPBACK
from incident_local.probes import HttpProbe
from incident_local.processes import Command
from incident_local.settings import child_environment
from incident_local.state import StateFolder
from incident_local.supervisor import OnExit, Service

READY_SECONDS = 120.0


def server_url(port: int) -> str:
    return f"https://{LOOPBACK}:{port}"


def build_control_plane(binary: Path, state: StateFolder, identities: Identities, *, port: int) -> list[Service]:
    """Our own binary: one process is the whole control plane."""
    argv = (
        str(binary),
        f"--etcd-dir={state.data / 'etcd'}",
        f"--server={server_url(port)}",
        f"--admin-token-file={identities.token_file('admin')}",
        f"--ca-file={identities.ca}",
        "--",
        *_server_flags(state, identities, port),
    )
    return [_service("control-plane", argv, state, _server_probe(identities, port))]


def build_envtest(
    etcd: Path, server: Path, state: StateFolder, identities: Identities, *, port: int, etcd_port: int
) -> list[Service]:
    """etcd and kube-apiserver as envtest brings them; there is nobody who collects what an owner leaves.

    This etcd listens on loopback and asks nobody for a name: not for a machine that is shared with others.
    """
    url = f"http://{LOOPBACK}:{etcd_port}"
    etcd_argv = (
        str(etcd),
        f"--data-dir={state.data / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls=http://{LOOPBACK}:0",
        "--log-level=warn",
    )
    server_argv = (str(server), f"--etcd-servers={url}", *_server_flags(state, identities, port))
    return [
        _service("etcd", etcd_argv, state, HttpProbe(f"{url}/health")),
        _service("control-plane", server_argv, state, _server_probe(identities, port)),
    ]


def _service(name: str, argv: tuple[str, ...], state: StateFolder, probe: HttpProbe) -> Service:
    command = Command(name, argv, state.logs / f"{name}.log", child_environment())
    return Service(command, probe, OnExit.STOP_ALL, READY_SECONDS)


def _server_flags(state: StateFolder, identities: Identities, port: int) -> tuple[str, ...]:
    return (
        f"--secure-port={port}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--cert-dir={state.data / 'apiserver'}",
        f"--tls-cert-file={identities.serving_certificate}",
        f"--tls-private-key-file={identities.serving_key}",
        f"--token-auth-file={identities.token_table}",
        "--anonymous-auth=false",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={identities.service_account_key}",
        f"--service-account-signing-key-file={identities.service_account_key}",
        "--service-cluster-ip-range=10.0.0.0/24",
        # There is no controller that makes service account tokens, and there are no pods to need one.
        "--disable-admission-plugins=ServiceAccount",
        # Nothing listens at the service's address, and a reconciler would complain about loopback for ever.
        "--endpoint-reconciler-type=none",
        "--shutdown-delay-duration=0s",
    )


def _server_probe(identities: Identities, port: int) -> HttpProbe:
    return HttpProbe(f"{server_url(port)}/readyz", ca=identities.ca, token=identities.token("admin"))
