"""Who is who on the laptop's API server: certificates, tokens and kubeconfigs, made once and kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from incident_local.state import StateFolder, write_private

LIFETIME = timedelta(days=3650)
NAMESPACE = "drills"


@dataclass(frozen=True, slots=True)
class User:
    """A user of the token file; what it may do follows from its groups."""

    name: str
    groups: tuple[str, ...]


USERS = (
    User("admin", ("system:masters",)),
    User("operator", ("incidentsim:operator",)),
    User("api", ("incidentsim:api",)),
    User("sre", ("incidentsim:approvers",)),
    User("viewer", ("incidentsim:viewers",)),
)


class Person(StrEnum):
    """The users that stand for people; the others are programs."""

    SRE = "sre"
    VIEWER = "viewer"


CURRENT_USER = Person.SRE.value


@dataclass(frozen=True, slots=True)
class Identities:
    """The files that the API server and its clients are given."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def serving_certificate(self) -> Path:
        return self.folder / "serving.crt"

    @property
    def serving_key(self) -> Path:
        return self.folder / "serving.key"

    @property
    def service_account_key(self) -> Path:
        return self.folder / "service-accounts.key"

    @property
    def token_table(self) -> Path:
        """CSV for --token-auth-file: token,user,uid,"groups"."""
        return self.folder / "tokens.csv"

    def token_file(self, user: str) -> Path:
        return self.folder / f"{user}.token"

    def token(self, user: str) -> str:
        return self.token_file(user).read_text()


def ensure_secret(path: Path) -> str:
    """The secret in the file, made at first. Only letters, digits, - and _: safe in any configuration file."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text()


def ensure_identities(state: StateFolder) -> Identities:
    """Make what is missing; what is there stays, so that tokens and certificates survive a restart."""
    identities = Identities(state.secrets)
    if not identities.serving_certificate.exists():
        _make_certificates(identities)
    if not identities.service_account_key.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        write_private(identities.service_account_key, _pem(key))
    rows = [
        f'{ensure_secret(identities.token_file(user.name))},{user.name},{user.name},"{",".join(user.groups)}"'
        for user in USERS
    ]
    write_private(identities.token_table, "\n".join(rows) + "\n")
    return identities


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def _make_certificates(identities: Identities) -> None:
    """An authority that signs one certificate and is then forgotten: its key is never written down."""
    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "incident-simulator laptop CA")])
    authority_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign=True), critical=True)
        .add_extension(authority_id, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([
        x509.DNSName("localhost"),
        x509.DNSName("kubernetes.default.svc"),
        x509.IPAddress(IPv4Address("127.0.0.1")),
    ])  # fmt: skip
    serving_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    serving = (
        _builder(serving_name, ca_name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_id), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_private(identities.ca, ca.public_bytes(serialization.Encoding.PEM).decode())
    write_private(identities.serving_key, _pem(key))
    # Last: its presence says that the others are there too.
    write_private(identities.serving_certificate, serving.public_bytes(serialization.Encoding.PEM).decode())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _key_usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign,
        crl_sign=sign,
        encipher_only=False,
        decipher_only=False,
    )


def write_kubeconfigs(state: StateFolder, identities: Identities, server: str) -> None:
    """One with a context for each user; the operator and the API each get one that knows nobody but them."""
    people = [user.name for user in USERS]
    write_private(state.kubeconfig, _kubeconfig(state, identities, server, people, CURRENT_USER))
    write_private(state.operator_kubeconfig, _kubeconfig(state, identities, server, ["operator"], "operator"))
    write_private(state.api_kubeconfig, _kubeconfig(state, identities, server, ["api"], "api"))


def _kubeconfig(state: StateFolder, identities: Identities, server: str, users: list[str], current: str) -> str:
    cluster = {"server": server, "certificate-authority": str(identities.ca.relative_to(state.root))}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "laptop", "cluster": cluster}],
            "users": [{"name": name, "user": {"token": identities.token(name)}} for name in users],
            "contexts": [
                {"name": name, "context": {"cluster": "laptop", "user": name, "namespace": NAMESPACE}} for name in users
            ],
            "current-context": current,
        },
        sort_keys=False,
    )
