"""The broker as it is shipped in `collector/deploy/mosquitto`, on a port of the loopback."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from simulator.certificates import Authority, Credential

SHIPPED = Path(__file__).resolve().parents[1] / "collector" / "deploy" / "mosquitto"
_CERTIFICATES, _STATE = "/etc/mosquitto/esep/", "/var/lib/mosquitto/"
_OF_TLS = (
    "tls_version",
    "cafile",
    "certfile",
    "keyfile",
    "require_certificate",
    "use_identity_as_username",
    "acl_file",
)


class MissingError(RuntimeError):
    """Mosquitto is not installed; the text says how it would be."""


def find() -> Path:
    """The broker's program; raises MissingError."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = shutil.which("mosquitto", path=path)
    if found is None:
        raise MissingError("mosquitto is not installed; as root on Debian: sh tests/parts.sh")
    return Path(found)


def configure(
    folder: Path,
    port: int,
    authority: Authority | None,
    server: Credential | None,
    rules: str = "",
    **changes: str,
) -> list[str]:
    """Write the broker's files to a folder; the command that runs it in the foreground.

    Without an authority it has neither TLS nor rules. `rules` are added to those shipped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = _shipped(folder)
    settings["listener"] = f"{port} 127.0.0.1"
    settings["user"] = "root"  # when started as root: the files are the caller's own
    if authority is None or server is None:
        settings = {name: value for name, value in settings.items() if name not in _OF_TLS}
        settings["allow_anonymous"] = "true"
    else:
        (folder / "ca.crt").write_bytes(authority.certificate(Encoding.PEM))
        server.write_pem(folder, "server")
        access = folder / "access"
        access.write_text((SHIPPED / "access").read_text() + rules)
        access.chmod(0o600)
    settings |= changes
    path = folder / "mosquitto.conf"
    path.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return [str(find()), "-c", str(path)]


def _shipped(folder: Path) -> dict[str, str]:
    text = (SHIPPED / "mosquitto.conf").read_text()
    text = text.replace(_CERTIFICATES, f"{folder}/").replace(_STATE, f"{folder}/")
    lines = [line.split(" ", 1) for line in text.splitlines() if line and line[0] != "#"]
    # once each, but for what each kind of message says
    return {
        f"{name} {value}" if name == "log_type" else name: "" if name == "log_type" else value
        for name, value in lines
    }
