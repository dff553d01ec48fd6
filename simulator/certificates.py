"""A certificate authority for tests and benchmarks: EC P-256, certificates of a day."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Credential:
    """A certificate and its key, in PEM for programs of the office and in DER for gateways."""

    _certificate: x509.Certificate
    _key: ec.EllipticCurvePrivateKey

    def certificate(self, encoding: serialization.Encoding) -> bytes:
        return self._certificate.public_bytes(encoding)

    def key(self, encoding: serialization.Encoding) -> bytes:
        return self._key.private_bytes(
            encoding,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )

    def write_pem(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write `name.crt` and `name.key`; return their paths."""
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_bytes(self.certificate(serialization.Encoding.PEM))
        key.write_bytes(self.key(serialization.Encoding.PEM))
        key.chmod(0o600)
        return certificate, key


class Authority:
    """Issues certificates that are valid for a day."""

    def __init__(self, name: str) -> None:
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(self._name, self._name, self._key.public_key())
        self._certificate = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        ).sign(self._key, hashes.SHA256())

    def certificate(self, encoding: serialization.Encoding) -> bytes:
        return self._certificate.public_bytes(encoding)

    def issue(self, common_name: str, *hosts: str) -> Credential:
        """For a client; with `hosts`, names or addresses, for a server that is known by them."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_named(common_name), self._name, key.public_key())
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return Credential(builder.sign(self._key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _A_DAY)
        .not_valid_after(now + _A_DAY)
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
