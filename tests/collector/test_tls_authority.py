"""The authority for TLS: certificates that a real Mosquitto goes by, and refuses when revoked."""

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_world import run, run_json
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from tls_world import Broker, Holder

from collector.evidence.keys import check_mode
from collector.registry.tls_authority import TlsAuthority, ends_ms

GATEWAY = "00112233aabbccdd"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "collector"
    made.mkdir()
    run("ca", "init", made)
    return made


@pytest.fixture
def broker(tmp_path: Path, directory: Path) -> Iterator[Broker]:
    running = Broker(tmp_path, directory)
    try:
        yield running
    finally:
        running.close()


def test_a_revoked_certificate_is_refused_and_another_is_not(
    tmp_path: Path, directory: Path, broker: Broker
) -> None:
    """By SIGHUP alone: nobody else is cut off."""
    gateway, other = (Holder(tmp_path, directory, name) for name in (GATEWAY, "ff" * 8))
    assert gateway.is_let_in(broker.port)
    assert f"u'{GATEWAY}'" in broker.await_line("New client connected")
    assert other.is_let_in(broker.port)
    said = run("ca", "revoke", directory, GATEWAY, "--reason", "keyCompromise").output
    assert "let the broker load" in said
    broker.reload()
    assert not gateway.is_let_in(broker.port)
    assert other.is_let_in(broker.port)
    again = Holder(tmp_path, directory, GATEWAY)
    assert again.is_let_in(broker.port)


def test_a_certificate_of_another_authority_is_refused(
    tmp_path: Path, directory: Path, broker: Broker
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    run("ca", "init", foreign)
    stranger = Holder(foreign, foreign, GATEWAY)
    shutil.copy(directory / "ca" / "ca.pem", foreign / "ca" / "ca.pem")
    assert not stranger.is_let_in(broker.port)


def test_the_authoritys_key_is_its_owners(directory: Path) -> None:
    key = directory / "ca" / "ca.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    key.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        check_mode(key)
    assert "chmod 600" in run("ca", "list", directory, code=2).output


def test_a_credential_of_systemd_is_guarded_by_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mode shows the access list by which the service may read it."""
    key = tmp_path / "broker.key"
    key.touch()
    key.chmod(0o440)
    with pytest.raises(PermissionError):
        check_mode(key)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    check_mode(key)


def test_there_is_one_authority(directory: Path, tmp_path: Path) -> None:
    assert "holds an authority already" in run("ca", "init", directory, code=2).output
    (tmp_path / "other").mkdir()
    assert "ca init" in run("ca", "list", tmp_path / "other", code=2).output
    assert "esep collector init" in run("ca", "init", tmp_path / "none", code=2).output


def test_what_is_issued_is_listed_with_its_end(tmp_path: Path, directory: Path) -> None:
    Holder(tmp_path, directory, GATEWAY, "--days", 10)
    [row] = run_json("ca", "list", directory)
    assert (row["name"], row["revoked"]) == (GATEWAY, None)
    assert "until" in run("ca", "list", directory).stdout
    run("ca", "revoke", directory, row["serial"])
    [row] = run_json("ca", "list", directory)
    assert row["revoked"] is not None
    assert "REVOKED" in run("ca", "list", directory).stdout
    assert "no certificate in force" in run("ca", "revoke", directory, GATEWAY, code=2).output
    assert list(ends_ms(directory)) == ["ca"]


def test_a_client_is_no_server_and_no_authority(tmp_path: Path, directory: Path) -> None:
    made = x509.load_pem_x509_certificate(
        Holder(tmp_path, directory, GATEWAY).certificate.read_bytes()
    )
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    made.verify_directly_issued_by(TlsAuthority(directory).certificate)


def test_what_is_no_request_is_refused(tmp_path: Path, directory: Path) -> None:
    wrong = tmp_path / "wrong.csr"
    out = tmp_path / "out.pem"
    for content in (b"nothing", b"-----BEGIN CERTIFICATE REQUEST-----\n"):
        wrong.write_bytes(content)
        said = run("ca", "issue", directory, GATEWAY, wrong, "--out", out, code=2).output
        assert "not a certificate signing request" in " ".join(said.split())
    missing = run("ca", "issue", directory, GATEWAY, tmp_path / "no", "--out", out, code=2)
    assert "No such file" in missing.output
    assert not out.exists()


def test_the_list_of_revocations_is_written_anew(directory: Path) -> None:
    before = (directory / "ca" / "crl.pem").read_bytes()
    run("ca", "crl", directory)
    after = (directory / "ca" / "crl.pem").read_bytes()
    assert after != before
    crl = x509.load_pem_x509_crl(after)
    assert crl.is_signature_valid(TlsAuthority(directory).certificate.public_key())  # type: ignore[arg-type]
    assert json.loads(run("ca", "list", directory, "--json").stdout) == []
