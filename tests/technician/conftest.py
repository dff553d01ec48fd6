"""A release: its key, the root it is certified by, and a signed bundle of the firmware as it is."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.evidence.keys import PrivateKey
from technician.cli import app


@dataclass(frozen=True)
class Release:
    root_key: Path
    root: Path
    key: Path
    certificate: Path
    bundle: Path
    number: int


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("release")
    made = Release(
        folder / "root.pem",
        folder / "root.pub",
        folder / "release.pem",
        folder / "release.certificate",
        folder / "esep.bundle",
        7,
    )
    root = PrivateKey.generate()
    root.save(made.root_key)
    made.root.write_bytes(root.public.raw)
    vouch = ["release-key", *map(str, (made.root_key, made.key, made.certificate))]
    sign = ["bundle", str(made.bundle), "--number", str(made.number)]
    sign += ["--key", str(made.key), "--certificate", str(made.certificate)]
    for arguments in (vouch, sign):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
    return made
