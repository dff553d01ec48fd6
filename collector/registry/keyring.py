"""The operator's keys in a data directory."""

import time
from pathlib import Path

from collector.evidence.downlink import Role, Signer, certify, read_certificate
from collector.evidence.keys import PrivateKey, PublicKey, check_mode

ROOT_FILE = "root.pub"
_YEAR_MS = 365 * 24 * 3600 * 1000
_CERTIFIED_YEARS = 3
_ROLES = tuple(role for role in Role if role is not Role.RELEASE)
"""Of the keys kept here. That of releases is with who releases: `esep device release-key`."""


class Keyring:
    """Role keys and certificates under `keys/`; the root's public key as 64 raw bytes."""

    def __init__(self, directory: Path) -> None:
        self._keys = directory / "keys"
        self.root = PublicKey((directory / ROOT_FILE).read_bytes())

    def signer(self, role: Role) -> Signer:
        key = PrivateKey.load(self._keys / f"{role}.pem")
        return Signer(key, (self._keys / f"{role}.certificate").read_bytes())

    def ends_ms(self) -> dict[str, int]:
        """When the certificate of each role ends, Unix ms."""
        found = {path.stem: path for path in sorted(self._keys.glob("*.certificate"))}
        return {
            role: read_certificate(path.read_bytes(), self.root)[3] for role, path in found.items()
        }

    def check_modes(self) -> None:
        """Raise PermissionError when anybody but the owner can read a private key."""
        for path in sorted(self._keys.glob("*.pem")):
            check_mode(path)


def create_keyring(directory: Path, root_key: Path) -> None:
    """Make a root and a certified key for each role.

    The root's private key goes to `root_key`, which belongs offline; nothing here reads it again.
    """
    root = PrivateKey.generate()
    root.save(root_key)
    (directory / ROOT_FILE).write_bytes(root.public.raw)
    keys = directory / "keys"
    keys.mkdir(mode=0o700)
    now_ms = time.time_ns() // 1_000_000
    for role in _ROLES:
        key = PrivateKey.generate()
        key.save(keys / f"{role}.pem")
        until_ms = now_ms + _CERTIFIED_YEARS * _YEAR_MS
        certificate = certify(root, role, key.public, now_ms - 60_000, until_ms)
        (keys / f"{role}.certificate").write_bytes(certificate)
