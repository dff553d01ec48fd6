"""The authority that certifies TLS keys of gateways and programs towards the broker.

In `ca/` of the collector's directory: `ca.pem` and `ca.key`; each certificate, as
`issued/<serial>.pem`; `revoked.json`; and `crl.pem`, which the broker loads. The key of a gateway's
certificate is not its signing key, and never comes here: a request (CSR) does.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from collector.evidence.keys import check_mode, write_private

FOLDER = "ca"
_BEFORE = timedelta(hours=1)  # the other's clock may be behind
REASONS = ("unspecified", "keyCompromise", "cessationOfOperation", "superseded")


class AuthorityError(ValueError):
    """What was asked cannot be done; the text says why."""


@dataclass(frozen=True)
class Issued:
    """Times are Unix milliseconds; `revoked_ms` None: in force."""

    serial: int
    name: str
    not_after_ms: int
    revoked_ms: int | None

    @property
    def serial_hex(self) -> str:
        return f"{self.serial:x}"


def create(directory: Path, name: str, days: int, now: datetime) -> "TlsAuthority":
    """Raises AuthorityError when there is one."""
    folder = directory / FOLDER
    if (folder / "ca.key").exists():
        raise AuthorityError(f"{folder} holds an authority already")
    (folder / "issued").mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _builder(subject, subject, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(folder / "ca.key", pem)
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made = TlsAuthority(directory)
    made.write_crl(now)
    return made


class TlsAuthority:
    def __init__(self, directory: Path) -> None:
        """Raises AuthorityError when there is none, PermissionError when others read its key."""
        self._folder = directory / FOLDER
        path = self._folder / "ca.key"
        if not path.exists():
            raise AuthorityError(f"{self._folder} holds no authority: esep collector ca init DIR")
        check_mode(path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise AuthorityError(f"{path} does not hold an EC key")
        self._key = key
        self.certificate = _read(self._folder / "ca.pem")

    @property
    def crl_file(self) -> Path:
        return self._folder / "crl.pem"

    def issue(
        self, request: bytes, name: str, days: int, now: datetime, hosts: tuple[str, ...] = ()
    ) -> bytes:
        """A certificate (PEM) for the key of a request (PEM or DER), whatever name that gives.

        `name`: a gateway's id, or a program's; with `hosts`, for a server that bears those names.
        Raises AuthorityError.
        """
        csr = _request(request)
        if not isinstance(key := csr.public_key(), ec.EllipticCurvePublicKey):
            raise AuthorityError("the request's key is not on an elliptic curve")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            _builder(subject, self.certificate.subject, key, now, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        made = builder.sign(self._key, hashes.SHA256())
        pem = made.public_bytes(serialization.Encoding.PEM)
        (self._folder / "issued" / f"{made.serial_number:x}.pem").write_bytes(pem)
        return pem

    def revoke(self, which: str, reason: str, now: datetime) -> list[Issued]:
        """By serial, or all that are in force of a name; the list of revocations is written anew.

        Raises AuthorityError when there is none.
        """
        found = [
            each
            for each in self.issued()
            if which in (each.serial_hex, each.name) and each.revoked_ms is None
        ]
        if not found:
            raise AuthorityError(f"no certificate in force has the name or serial {which!r}")
        revoked = self._revoked()
        for each in found:
            revoked[each.serial_hex] = {"at_ms": _ms(now), "reason": reason}
        self._write("revoked.json", json.dumps(revoked, indent=1).encode())
        self.write_crl(now)
        return found

    def write_crl(self, now: datetime, days: int = 3650) -> None:
        """The list of what is revoked.

        A broker refuses everybody when its list has ended, so that the end is far away.
        """
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - _BEFORE)
            .next_update(now + timedelta(days=days))
        )
        for serial, entry in self._revoked().items():
            revoked = (
                x509.RevokedCertificateBuilder()
                .serial_number(int(serial, 16))
                .revocation_date(datetime.fromtimestamp(entry["at_ms"] / 1000, UTC))
            )
            reason = x509.ReasonFlags(entry["reason"])
            if reason is not x509.ReasonFlags.unspecified:  # RFC 5280 §5.3.1: left out instead
                revoked = revoked.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(revoked.build())
        made = builder.sign(self._key, hashes.SHA256())
        self._write("crl.pem", made.public_bytes(serialization.Encoding.PEM))

    def issued(self) -> list[Issued]:
        """Everything that was ever issued, by name and end."""
        revoked = self._revoked()
        found = []
        for path in (self._folder / "issued").glob("*.pem"):
            certificate = _read(path)
            serial = certificate.serial_number
            entry = revoked.get(f"{serial:x}")
            ends_ms = _ms(certificate.not_valid_after_utc)
            found.append(
                Issued(serial, _name(certificate), ends_ms, entry["at_ms"] if entry else None)
            )
        return sorted(found, key=lambda each: (each.name, each.not_after_ms))

    def _revoked(self) -> dict[str, dict[str, Any]]:
        path = self._folder / "revoked.json"
        revoked: dict[str, dict[str, Any]] = json.loads(path.read_bytes()) if path.exists() else {}
        return revoked

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all: the broker may read it at any moment."""
        part = self._folder / f"{name}.part"
        part.write_bytes(content)
        part.rename(self._folder / name)


def ends_ms(directory: Path) -> dict[str, int]:
    """When the authority's own certificate ends, if there is one, Unix ms."""
    path = directory / FOLDER / "ca.pem"
    return {"ca": _ms(_read(path).not_valid_after_utc)} if path.exists() else {}


def certificate_ends_ms(path: Path) -> int:
    """When the first certificate of a PEM file ends, Unix ms."""
    return _ms(_read(path).not_valid_after_utc)


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _request(content: bytes) -> x509.CertificateSigningRequest:
    try:
        if content.startswith(b"-----"):
            csr = x509.load_pem_x509_csr(content)
        else:
            csr = x509.load_der_x509_csr(content)
        is_signed = csr.is_signature_valid
    except (ValueError, InvalidSignature) as error:
        raise AuthorityError(f"not a certificate signing request: {error}") from None
    if not is_signed:
        raise AuthorityError("the request is not signed by its own key")
    return csr


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(certificate: x509.Certificate) -> str:
    [attribute] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attribute.value)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
