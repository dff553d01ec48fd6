"""A release by cable: judged by laptop and board, and taken up again when the cable was pulled."""

import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from office import Office, first_start
from pty_board import SLOT_BLOCKS, PtyBoard
from typer.testing import CliRunner

from collector.evidence.bundle import Bundle, bundle_file
from collector.evidence.downlink import Role, Signer, certify
from collector.evidence.keys import PrivateKey
from technician import update
from technician.cli import app
from technician.faults import BagError, Code

BLOCK_BYTES, ENTRY_BYTES = 4096, 64
WHOLE, BY_CABLE, NUMBER = 2, 1, 7
HOUR_MS = 3_600_000


@pytest.fixture
def gateway(
    office: Office, start_board: Callable[[], PtyBoard], image: Path, tmp_path: Path
) -> PtyBoard:
    """Provisioned, and started once; it waits at its prompt."""
    board, papers = start_board(), tmp_path / "papers"
    given = ["--root", office.root, "--order", office.order]
    assert device("provision", papers, "--port", board.port, *given)[0] == 3
    done = office.registry("enrol", papers / "enrolment.json", "--out", papers / "reply.json")
    assert done.exit_code == 0, done.output
    exit_code, told = device("provision", papers, "--port", board.port)
    assert exit_code == 0, told
    board.stop()
    first_start(board, image)
    board.start()
    return board


def device(*words: object) -> tuple[int, Any]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    return done.exit_code, json.loads(done.stdout)


def signed(root: PrivateKey, image: bytes) -> bytes:
    """A bundle of an operator."""
    key, now_ms = PrivateKey.generate(), time.time_ns() // 1_000_000
    certificate = certify(root, Role.RELEASE, key.public, now_ms - HOUR_MS, now_ms + HOUR_MS)
    release = Bundle.of(image, NUMBER, "9.0", now_ms, bytes(32))
    return bundle_file(release.message(Signer(key, certificate)), image)


def record(board: PtyBoard) -> dict[str, int]:
    """The newest entry of what the slots' record says."""
    flash = (board.folder / "slots.bin").read_bytes()
    at = (SLOT_BLOCKS - 1) * BLOCK_BYTES
    entries = [
        struct.unpack_from("<2sIBBBBIIH", flash, at + entry)
        for entry in range(0, BLOCK_BYTES, ENTRY_BYTES)
    ]
    names = ("magic", "seq", "state", "runs", "starts", "by", "number", "coming", "begun")
    newest = max(entry for entry in entries if entry[0] == b"EU")
    return dict(zip(names, newest, strict=True))


def test_it_waits_whole_for_the_next_start_wherever_the_cable_was_pulled(
    gateway: PtyBoard, office: Office, image: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(signed(PrivateKey.load(office.directory / "root.pem"), image.read_bytes()))
    words = ["update", bundle, "--root", office.root, "--port", gateway.port]
    for pulled_after in (300, 3000):
        gateway.pulled_after = pulled_after
        exit_code, told = device(*words)
        assert (exit_code, told["error"]["code"]) in ((1, "cable"), (1, "no_console"))
        gateway.plug_in()
    assert record(gateway)["state"] != WHOLE
    exit_code, told = device(*words)
    assert (exit_code, told.get("release")) == (0, NUMBER), told
    said = record(gateway)
    assert (said["state"], said["by"], said["coming"]) == (WHOLE, BY_CABLE, NUMBER)
    assert said["begun"] == 1, "it was taken up, not begun anew"

    bundle.write_bytes(signed(PrivateKey.generate(), image.read_bytes()))  # another operator's
    exit_code, told = device(*words)
    assert (exit_code, told["error"]["code"]) == (2, "bundle_refused")


def test_the_board_judges_what_a_laptop_lets_through(gateway: PtyBoard, image: Path) -> None:
    content = signed(PrivateKey.generate(), image.read_bytes())
    with pytest.raises(BagError, match="bad_signature") as refused:
        update.install(gateway.port, content, lambda _: None)
    assert refused.value.code is Code.BOARD_REFUSED
