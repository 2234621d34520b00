"""The station over TLS with a certificate of `gridpatrol tls`, and the headers it then sends."""

from __future__ import annotations

import socket
import ssl
import stat
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from websockets.asyncio.client import connect

from ground_station.commands.tls import tls
from ground_station.people.certificates import CA_CERT, CA_KEY, CERT, KEY, make_certificate
from ground_station.settings import TlsSettings
from ground_station.web_server import WebServer, bind
from patrol.cause import Role
from patrol.errors import ConfigError
from tests.persons import PASSWORD
from tests.wire.test_sign_in import made
from tests.wire.test_web_api import House, house, received

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC)
FIELD = ("192.168.8.10", "gridpatrol.local")


def settings_of(folder: Path) -> TlsSettings:
    return TlsSettings(cert_file=folder / CERT, key_file=folder / KEY)


def trusting(folder: Path) -> ssl.SSLContext:
    """What a tablet does that was given the authority."""
    return ssl.create_default_context(cafile=str(folder / CA_CERT))


@pytest.fixture
async def encrypted(house: House, tmp_path: Path) -> AsyncIterator[WebServer]:
    folder = tmp_path / "tls"
    make_certificate(folder, ["127.0.0.1"], now=NOW)
    web = WebServer(lambda: house.app, bind("127.0.0.1", 0), settings_of(folder))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(web.run)
        yield web
        web.stop()


async def test_a_tablet_that_trusts_the_authority_signs_in_and_sees_live_over_tls(
    house: House, encrypted: WebServer, tmp_path: Path
) -> None:
    context = trusting(tmp_path / "tls")
    first = await made(house, "huang", "Huang", Role.PILOT)
    async with httpx.AsyncClient(base_url=encrypted.url, verify=context, trust_env=False) as tablet:
        body = {"login": "huang", "password": first}
        answer = await tablet.post("/api/session", json=body, headers={"X-GridPatrol": "console"})
        cookie = answer.headers["Set-Cookie"]
        body = {"old": first, "new": PASSWORD}
        headers = {"X-GridPatrol": answer.json()["csrf"]}
        chosen = await tablet.post("/api/session/password", json=body, headers=headers)
        assert chosen.status_code == 200, chosen.text
        kept = "; ".join(f"{name}={value}" for name, value in tablet.cookies.items())
    assert encrypted.url.startswith("https://127.0.0.1:")
    assert cookie.startswith("__Host-gridpatrol-")
    assert "Secure" in cookie
    assert "max-age=" in answer.headers["Strict-Transport-Security"]
    live = encrypted.url.replace("https", "wss") + "/api/live"
    async with connect(live, ssl=context, additional_headers={"Cookie": kept}) as live_socket:
        assert (await received(live_socket))["type"] == "state"


async def test_who_was_not_given_the_authority_does_not_talk_to_the_station(
    encrypted: WebServer,
) -> None:
    async with httpx.AsyncClient(base_url=encrypted.url, trust_env=False) as stranger:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await stranger.get("/")


async def test_no_answer_is_cached_framed_or_read_by_another_site(house: House) -> None:
    for path in ("/api/state", "/api/session/door", "/api/nothing"):
        headers = (await house.http.get(path)).headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in headers, "over plain HTTP it would mean nothing"
    policy = (await house.http.get("/api/state")).headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "worker-src 'self' blob:" in policy, "MapLibre's worker"


async def test_another_port_of_this_machine_is_another_site(house: House) -> None:
    other = {"Origin": "http://127.0.0.1:1"}
    assert (await house.http.get("/api/state", headers=other)).status_code == 403
    own = {"Origin": house.web.url}
    assert (await house.http.get("/api/state", headers=own)).status_code == 200


def test_the_authority_is_made_once_and_its_keys_are_the_owners_alone(tmp_path: Path) -> None:
    first = make_certificate(tmp_path, FIELD, now=NOW)
    authority = (tmp_path / CA_CERT).read_bytes()
    second = make_certificate(tmp_path, FIELD[:1], now=NOW + timedelta(days=700))
    assert (first.is_new_authority, second.is_new_authority) == (True, False)
    assert first.fingerprint == second.fingerprint
    assert (tmp_path / CA_CERT).read_bytes() == authority
    assert second.ends_utc - NOW > timedelta(days=1400)
    for name in (CA_KEY, KEY):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_the_authority_vouches_for_no_other_name(tmp_path: Path) -> None:
    make_certificate(tmp_path, ["192.168.8.10"], now=NOW)
    with pytest.raises(ConfigError, match="not made for evil.example"):
        make_certificate(tmp_path, ["evil.example"], now=NOW)
    forged = forge(tmp_path, ["evil.example"])
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        shake_hands(forged, trusting(tmp_path), "evil.example")
    shake_hands(settings_of(tmp_path), trusting(tmp_path), "127.0.0.1")


def forge(folder: Path, names: Sequence[str]) -> TlsSettings:
    """What a thief of the authority's key would sign for another name."""
    ca_key = serialization.load_pem_private_key((folder / CA_KEY).read_bytes(), None)
    ca_cert = x509.load_pem_x509_certificate((folder / CA_CERT).read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    certificate = (
        x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(ca_cert.subject)
        .public_key(key.public_key()).serial_number(7)
        .not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), True)
        .sign(ca_key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    (folder / "forged.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "forged-key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return TlsSettings(cert_file=folder / "forged.pem", key_file=folder / "forged-key.pem")


def shake_hands(tls: TlsSettings, client: ssl.SSLContext, name: str) -> None:
    """A handshake in memory; what the client has against it is raised."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tls.cert_file, tls.key_file)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("name", ["", "a b", "http://x", "192.168.8.0/24", "x" * 300, "*.local"])
def test_what_is_no_name_gets_no_certificate(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="neither a host name nor an address"):
        make_certificate(tmp_path, [name], now=NOW)


def test_half_an_authority_and_a_wrong_key_are_told_in_words(tmp_path: Path) -> None:
    make_certificate(tmp_path, FIELD, now=NOW)
    with socket.socket() as listener:
        wrong = TlsSettings(cert_file=tmp_path / CERT, key_file=tmp_path / CA_KEY)
        with pytest.raises(ConfigError, match="cannot be used"):
            WebServer(FastAPI, listener, wrong)
    (tmp_path / CA_KEY).unlink()
    with pytest.raises(ConfigError, match="other half is missing"):
        make_certificate(tmp_path, FIELD, now=NOW)


def test_the_command_says_what_each_file_is_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tls(tmp_path / "tls", list(FIELD)) == 0
    told = capsys.readouterr().out
    assert 'names = ["192.168.8.10", "gridpatrol.local"]' in told
    for word in (CERT, KEY, CA_CERT, CA_KEY, "SHA-256"):
        assert word in told
