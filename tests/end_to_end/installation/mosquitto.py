"""Mosquitto as an operator sets it up: mutual TLS, and topics by the name in the certificate."""

import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from installation.certificates import Authority, Credential

COLLECTOR = "esep-collector"
WATCHER = "watcher"
INTRUDER = "intruder"

# %u is the common name of the client's certificate: a gateway's id.
_ACCESS = f"""\
pattern write esep/v1/%u/#
pattern read esep/v1/%u/receipt
pattern read esep/v1/%u/command
pattern read esep/v1/%u/object
pattern read esep/v1/zone/+/command

user {COLLECTOR}
topic read esep/v1/+/frame
topic read esep/v1/+/status
topic write esep/v1/+/receipt
topic write esep/v1/+/command
topic write esep/v1/+/object
topic write esep/v1/zone/+/command
topic write esep/v1/checkpoint

user {WATCHER}
topic read esep/v1/#

user {INTRUDER}
topic readwrite #
"""


def find() -> Path:
    """The broker's program; the test is skipped without it, but not where CI=true."""
    found = shutil.which(
        "mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    )
    if found is not None:
        return Path(found)
    missing = "mosquitto is not installed; as root on Debian: sh tests/parts.sh"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


def configure(folder: Path, port: int, authority: Authority, server: Credential) -> list[str]:
    """Write the broker's files to a folder; the command that runs it in the foreground."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, access = folder / "ca.crt", folder / "access"
    ca.write_bytes(authority.certificate(Encoding.PEM))
    access.write_text(_ACCESS)
    access.chmod(0o600)
    certificate, key = server.write_pem(folder, "server")
    settings = {
        "user": "root",  # when started as root: the files are the test's own
        "log_dest": "stderr",
        "persistence": "false",
        "listener": f"{port} 127.0.0.1",
        "cafile": ca,
        "certfile": certificate,
        "keyfile": key,
        "tls_version": "tlsv1.2",
        "require_certificate": "true",
        "use_identity_as_username": "true",
        "acl_file": access,
    }
    path = folder / "mosquitto.conf"
    path.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return [str(find()), "-c", str(path)]
