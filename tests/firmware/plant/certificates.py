"""TLS for a broker and a gateway: certificates, and a port that demands them."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from plant.modbus import Loop

HOSTNAME = "broker.test"


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Party:
    def __init__(
        self, common_name: str, issuer: "Party | None" = None, days: tuple[int, int] = (-1, 1)
    ) -> None:
        """`days`: from which day to which it is valid, counted from now."""
        self.name = name(common_name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        signer = issuer or self
        today = datetime.now(UTC)
        names = [x509.DNSName(common_name), x509.IPAddress(IPv4Address("127.0.0.1"))]
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today + timedelta(days=days[0]))
            .not_valid_after(today + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True)
            .add_extension(x509.SubjectAlternativeName(names), False)
            .sign(signer.key, SHA256())
        )

    def write(self, directory: Path, stem: str, encoding: Encoding) -> tuple[str, str]:
        """Paths of the certificate's and the key's file."""
        suffix = "pem" if encoding == Encoding.PEM else "der"
        certificate = directory / f"{stem}.crt.{suffix}"
        certificate.write_bytes(self.certificate.public_bytes(encoding))
        key = directory / f"{stem}.key.{suffix}"
        key.write_bytes(
            self.key.private_bytes(encoding, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        return str(certificate), str(key)


class TlsPort:
    """Speaks TLS with who shows a certificate of `ca`, and passes on to the broker's port."""

    def __init__(
        self, loop: Loop, directory: Path, ca: Party, broker_port: int, own: Party | None = None
    ) -> None:
        self._loop = loop
        self._broker_port = broker_port
        own = own or Party(HOSTNAME, ca)
        certificate, key = own.write(directory, "broker", Encoding.PEM)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._context.load_verify_locations(ca.write(directory, "ca", Encoding.PEM)[0])
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._server: asyncio.Server = loop.run(self._start())
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        await asyncio.gather(pass_on(reader, to_broker), pass_on(from_broker, writer))


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # the other side is gone
    writer.close()
