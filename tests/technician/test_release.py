"""A release: what is signed of an image is what MicroPython finds in it, and who may sign."""

import os
import subprocess
from pathlib import Path

import pytest
from conftest import Release
from typer.testing import CliRunner, Result

from collector.evidence.bundle import Bundle, bundle_file, read_bundle_file
from collector.evidence.downlink import Role, Signer, certify
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.keys import PrivateKey, PublicKey
from simulator import micropython
from technician.bundle import firmware_version
from technician.cli import app

ASK = """
import gateway
from gateway.software import firmware_hash
def main():
    print(gateway.VERSION, firmware_hash("/rom").hex())
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def judged(release: Release, content: bytes) -> tuple[Bundle, bytes]:
    return read_bundle_file(content, PublicKey(release.root.read_bytes()))


def test_it_says_of_the_image_what_the_firmware_says_of_itself(
    release: Release, tmp_path: Path
) -> None:
    bundle, image = judged(release, release.bundle.read_bytes())
    (tmp_path / "image").write_bytes(image)
    (tmp_path / "ask.py").write_text(ASK)
    done = subprocess.run(
        micropython.command(tmp_path / "image", "ask"),
        env={**os.environ, "MICROPYPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [bundle.version, bundle.firmware_hash.hex()]
    assert bundle.version == firmware_version()
    assert bundle.number == release.number
    assert bundle.image_bytes == len(image)


def test_the_release_key_is_the_owners_alone_and_nothing_is_written_over(release: Release) -> None:
    assert release.key.stat().st_mode & 0o077 == 0
    done = run("release-key", release.root_key, release.key, "other")
    assert done.exit_code == 2
    assert "exists; name a new file" in done.output


def test_signing_needs_key_certificate_and_number(release: Release, tmp_path: Path) -> None:
    done = run("bundle", tmp_path / "new", "--key", release.key)
    assert done.exit_code == 2
    assert "together" in done.output
    done = run(
        "bundle", tmp_path / "new", "--key", release.root, "--certificate", release.certificate,
        "--number", "1",
    )  # fmt: skip
    assert done.exit_code == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("role", "reason"), [(Role.RELEASE, "ok"), (Role.CONFIGURATION, Reason.BAD_SIGNATURE)]
)
def test_only_the_role_of_releases_counts(role: Role, reason: str) -> None:
    root, key = PrivateKey.generate(), PrivateKey.generate()
    signer = Signer(key, certify(root, role, key.public, 0, 2000))
    bundle = Bundle.of(b"image", 1, "0.1.0", 1000, bytes(32))
    content = bundle_file(bundle.message(signer), b"image")
    if reason == "ok":
        assert read_bundle_file(content, root.public) == (bundle, b"image")
        return
    with pytest.raises(EvidenceError) as caught:
        read_bundle_file(content, root.public)
    assert caught.value.reason == reason


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x82\x40\x01", b"\xd2\xcd\x31image"])
def test_what_is_no_bundle_is_no_bundle(content: bytes) -> None:
    with pytest.raises(EvidenceError) as caught:
        read_bundle_file(content, PrivateKey.generate().public)
    assert caught.value.reason in (Reason.MALFORMED, Reason.WRONG_SHAPE, Reason.NOT_CANONICAL)
