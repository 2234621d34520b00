"""An authority of the squad's own and a certificate for the station, without any other program."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from patrol.errors import ConfigError

CA_CERT, CA_KEY = "gridpatrol-ca.crt", "gridpatrol-ca-key.pem"
CERT, KEY = "station.pem", "station-key.pem"
_CA_LASTS = timedelta(days=3650)
_LASTS = timedelta(days=800)  # Apple's devices take no more than 825 (support.apple.com/103769)
# The laptop's own browser. With them there is a name and an address among the permitted ones:
# a kind of which none is listed would be permitted altogether (RFC 5280, 4.2.1.10).
_THIS_MACHINE = ("localhost", "127.0.0.1")
_BEFORE = timedelta(hours=1)  # a tablet's clock may be a little behind
_HOST = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was written, and when the certificate ends."""

    folder: Path
    is_new_authority: bool
    fingerprint: str  # of the authority, to compare on each tablet
    ends_utc: datetime


def read_host(text: str) -> x509.GeneralName:
    """A host name or address; ConfigError when it is neither."""
    name = text.strip().lower()
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if _HOST.match(name) and len(name) <= 253:
            return x509.DNSName(name)
    raise ConfigError(f"neither a host name nor an address: {text!r}")


def make_certificate(folder: Path, hosts: Sequence[str], *, now: datetime) -> Made:
    """Write station.pem and its key, and the authority on the first time.

    The authority may vouch for these names alone: who steals its key cannot pose as another site.
    ConfigError when the folder cannot be written or holds half an authority, or one that is for
    other names.
    """
    names = [read_host(host) for host in hosts]
    if not names:
        raise ConfigError("say by which name or address the station is reached (--name)")
    names += [own for own in map(read_host, _THIS_MACHINE) if own not in names]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_new = not (folder / CA_CERT).exists()
        if is_new:
            _make_authority(folder, names, now)
        ca_cert, ca_key = _read_authority(folder)
        _require_allowed(ca_cert, names)
        key = ec.generate_private_key(ec.SECP256R1())
        ends_utc = min(now + _LASTS, ca_cert.not_valid_after_utc)
        certificate = _station_certificate(key, names, ca_cert, now, ends_utc).sign(
            ca_key, hashes.SHA256()
        )
        _write_secret(folder / KEY, _key_bytes(key))
        (folder / CERT).write_bytes(_pem(certificate) + _pem(ca_cert))
    except OSError as error:
        # A disk that is full names no file.
        where = error.filename or folder
        raise ConfigError(f"cannot be written: {where} ({error.strerror})") from error
    return Made(
        folder=folder,
        is_new_authority=is_new,
        fingerprint=ca_cert.fingerprint(hashes.SHA256()).hex(":").upper(),
        ends_utc=ends_utc,
    )


def _make_authority(folder: Path, names: list[x509.GeneralName], now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "GridPatrol field authority")])
    permitted = [_as_constraint(name) for name in names]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _CA_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_secret(folder / CA_KEY, _key_bytes(key))
    (folder / CA_CERT).write_bytes(_pem(certificate))


def _read_authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate((folder / CA_CERT).read_bytes())
        key = serialization.load_pem_private_key((folder / CA_KEY).read_bytes(), password=None)
    except FileNotFoundError as error:
        raise ConfigError(
            f"the authority's other half is missing: {error.filename}; bring it back, or start "
            "with an empty folder (every tablet then has to be told again)"
        ) from error
    except ValueError as error:
        raise ConfigError(f"the authority in {folder} cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != (
        certificate.public_key()
    ):
        raise ConfigError(f"{CA_KEY} does not belong to {CA_CERT} in {folder}")
    return certificate, key


def _require_allowed(ca_cert: x509.Certificate, names: list[x509.GeneralName]) -> None:
    constraints = ca_cert.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = constraints.permitted_subtrees or []
    lacking = [str(name.value) for name in names if _as_constraint(name) not in permitted]
    if lacking:
        raise ConfigError(
            f"the authority in this folder was not made for {', '.join(lacking)}; use an empty "
            "folder (every tablet then has to be told again)"
        )


def _as_constraint(name: x509.GeneralName) -> x509.GeneralName:
    if isinstance(name, x509.IPAddress):
        return x509.IPAddress(ipaddress.ip_network(str(name.value)))
    return name


def _station_certificate(
    key: ec.EllipticCurvePrivateKey,
    names: list[x509.GeneralName],
    ca_cert: x509.Certificate,
    now: datetime,
    ends_utc: datetime,
) -> x509.CertificateBuilder:
    authority_key = ca_cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "GridPatrol station")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca_cert.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(ends_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_key),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_secret(path: Path, content: bytes) -> None:
    """Readable by its owner alone, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
