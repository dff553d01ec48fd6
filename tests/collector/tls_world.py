"""A broker that goes by the collector's own certificate authority, and those who connect to it."""

import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

from cli_world import run
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

sys.path.insert(0, str(Path(__file__).parents[1] / "end_to_end"))
from installation import mosquitto

PATIENCE_S = 20


class Holder:
    """Whoever holds a key, asks for a certificate, and connects with it."""

    def __init__(self, home: Path, directory: Path, name: str, *options: object) -> None:
        self.name, self.directory = name, directory
        self.key_file = home / f"{name}.key"
        self.certificate = home / f"{name}.pem"
        request = home / f"{name}.csr"
        key = ec.generate_private_key(ec.SECP256R1())
        self.key_file.touch(mode=0o600)
        self.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        request.write_bytes(
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "says who")]))
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )
        run("ca", "issue", directory, name, request, "--out", self.certificate, *options)

    def is_let_in(self, port: int) -> bool:
        """Whether the broker takes a connection, and knows it by the certificate's name."""
        context = ssl.create_default_context(cafile=str(self.directory / "ca" / "ca.pem"))
        context.load_cert_chain(self.certificate, self.key_file)
        client = Client(CallbackAPIVersion.VERSION2)
        client.tls_set_context(context)
        answers: list[bool] = []
        client.on_connect = lambda *given: answers.append(not given[3].is_failure)
        client.on_disconnect = lambda *_: answers.append(False)
        try:
            client.connect("127.0.0.1", port)
            until = time.monotonic() + PATIENCE_S
            while not answers and time.monotonic() < until:
                client.loop(0.1)
        except OSError:
            return False
        finally:
            client.disconnect()
        return answers[0]


class Broker:
    """Mosquitto with the authority's files, in a folder that its own user may read."""

    def __init__(self, home: Path, directory: Path) -> None:
        server = Holder(home, directory, "broker", "--host", "127.0.0.1", "--host", "broker.test")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.crl = directory / "ca" / "crl.pem"
        settings = {
            "user": "root",
            "listener": f"{self.port} 127.0.0.1",
            "cafile": directory / "ca" / "ca.pem",
            "crlfile": self.crl,
            "certfile": server.certificate,
            "keyfile": server.key_file,
            "require_certificate": "true",
            "use_identity_as_username": "true",
            "persistence": "false",
        }
        file = home / "mosquitto.conf"
        file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self.process = subprocess.Popen(
            [str(mosquitto.find()), "-v", "-c", str(file)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self.await_line("running")

    def await_line(self, text: str) -> str:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if text in line:
                return line
        raise AssertionError(f"the broker ended and did not say {text!r}")

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)
        self.await_line("Reloading config")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        assert self.process.stderr is not None
        self.process.stderr.close()
