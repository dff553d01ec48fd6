"""`esep device flash`: the real esptool writes to a mock chip, whose flash is then looked at."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Release
from flashing import MockChip, base_image, cable, mock_chip
from typer.testing import CliRunner, Result

from collector.evidence.bundle import read_bundle_file
from collector.evidence.keys import PrivateKey, PublicKey
from technician import boards
from technician.boards import Board, load_board
from technician.cli import app
from technician.esptool_program import Esptool
from technician.faults import BagError, Code
from technician.partition_table import TABLE_OFFSET, encode

BODY = random.Random(8).randbytes(300_000)
ESP32, S3 = "esp32-4mb-wifi", "esp32s3-16mb-ethernet"
MIB = 1 << 20
SETTINGS = load_board(ESP32).partition("settings").offset
ROMFS = load_board(ESP32).partition("romfs").offset


@dataclass(frozen=True)
class Bench:
    """Boards whose files name a base image; `image` is that of each, by its board's name."""

    folder: Path
    release: Release

    def image(self, board: str) -> Path:
        return self.folder / f"{board}.bin"

    def run(self, board: str, port: str, *more: str, **given: Path) -> Result:
        files = {
            "image": self.image(board),
            "bundle": self.release.bundle,
            "root": self.release.root,
        } | given
        arguments = [part for name, file in files.items() for part in (f"--{name}", str(file))]
        return CliRunner().invoke(app, ["flash", board, "--port", port, *arguments, *more])

    def said(self, board: str, port: str, *more: str, **given: Path) -> Any:
        return json.loads(self.run(board, port, "--json", *more, **given).stdout)

    def code(self, board: str, port: str, *more: str, **given: Path) -> str:
        said = self.said(board, port, *more, **given)
        assert said["ok"] is False
        code: str = said["error"]["code"]
        return code

    def expected(self, board: Board) -> dict[int, bytes]:
        """What must be in flash, by offset, but for the bootloader's header."""
        content = self.image(board.name).read_bytes()
        root = PublicKey(self.release.root.read_bytes())
        application = read_bundle_file(self.release.bundle.read_bytes(), root)[1]
        return {
            TABLE_OFFSET: encode(board.partitions),
            0x10000: content[0x10000 - board.chip.bootloader_offset :],
            board.partition("romfs").offset: application,
        }


def lay_out(folder: Path, release: Release) -> Bench:
    folder.mkdir()
    made = Bench(folder, release)
    for name in (ESP32, S3):
        content = base_image(load_board(name), BODY)
        made.image(name).write_bytes(content)
        text = (boards.BOARDS / f"{name}.toml").read_text(encoding="utf-8")
        digest = hashlib.sha256(content).hexdigest()
        named = text.replace('version = ""\nsha256 = ""', f'version = "test"\nsha256 = "{digest}"')
        assert named != text
        (folder / f"{name}.toml").write_text(named, encoding="utf-8")
    schema = (boards.BOARDS / "board.schema.json").read_bytes()
    (folder / "board.schema.json").write_bytes(schema)
    return made


@pytest.fixture
def bench(tmp_path: Path, release: Release, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = lay_out(tmp_path / "boards", release)
    monkeypatch.setattr(boards, "BOARDS", made.folder)
    return made


@pytest.fixture(scope="module")
def flashed(tmp_path_factory: pytest.TempPathFactory, release: Release) -> bytes:
    """The flash of an ESP32 that was somebody else's, and what is in its settings."""
    folder = tmp_path_factory.mktemp("flashed")
    made = lay_out(folder / "boards", release)
    with (
        pytest.MonkeyPatch.context() as patch,
        mock_chip(folder, "esp32", 4, b"\x5a" * MIB) as mock,
    ):
        patch.setattr(boards, "BOARDS", made.folder)
        assert made.said(ESP32, mock.url)["ok"]
        flash = bytearray(mock.flash())
        assert holds(bytes(flash), made.expected(load_board(ESP32)))
    flash[SETTINGS : SETTINGS + 3] = b"key"
    return bytes(flash)


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[Callable[..., MockChip]]:
    running: list[MockChip] = []

    def start(kind: str = "esp32", megabytes: int = 4, before: bytes = b"") -> MockChip:
        folder = tmp_path / f"chip{len(running)}"
        folder.mkdir()
        running.append(MockChip(folder, kind, megabytes, before))
        return running[-1]

    yield start
    for each in running:
        each.stop()


PULLED_AFTER = (30_000, 250_000)
"""Bytes that went down the cable: before the second piece, and while the last are written."""


def holds(flash: bytes, expected: dict[int, bytes]) -> bool:
    return all(flash[at : at + len(part)] == part for at, part in expected.items())


def test_a_bare_board_holds_everything_afterwards(
    bench: Bench, chip: Callable[..., MockChip]
) -> None:
    board, mock = load_board(S3), chip("esp32s3", 16, b"\x5a" * 16 * MIB)
    said = bench.said(S3, mock.url)
    assert said["ok"]
    assert said["verified"]
    assert said["chip"] == "ESP32-S3"
    assert said["bundle"]["number"] == 7
    flash = mock.flash()
    assert holds(flash, bench.expected(board))
    # Somebody else's bytes are gone from where the firmware looks for its own.
    for label in ("settings", "journal", "vfs", "otadata"):
        part = board.partition(label)
        assert flash[part.offset : part.end] == b"\xff" * part.size
    slots = board.partition("romfs")
    assert not flash[slots.offset + slots.size // 2 : slots.end].strip(b"\xff")
    # The bootloader's header: the flash has 16 MB.
    assert flash[0] == 0xE9
    assert flash[3] >> 4 == 4


def test_run_again_it_writes_nothing_and_leaves_what_a_gateway_keeps(
    bench: Bench, chip: Callable[..., MockChip], flashed: bytes
) -> None:
    mock = chip(before=flashed)
    said = bench.said(ESP32, mock.url)
    assert said["written_bytes"] == {}
    assert said["wiped_bytes"] == 0
    assert mock.flash() == flashed


def test_a_newer_application_replaces_the_old_one_and_nothing_else(
    bench: Bench, chip: Callable[..., MockChip], flashed: bytes
) -> None:
    older = flashed[:ROMFS] + b"older" + flashed[ROMFS + 5 :]
    mock = chip(before=older)
    said = bench.said(ESP32, mock.url)
    assert list(said["written_bytes"]) == ["application"]
    assert mock.flash() == flashed


def test_a_key_and_a_journal_go_only_when_that_is_asked_for(
    bench: Bench, chip: Callable[..., MockChip], flashed: bytes
) -> None:
    mock = chip(before=flashed)
    assert bench.said(ESP32, mock.url, "--forget-everything")["ok"]
    assert mock.flash()[SETTINGS : SETTINGS + 3] == b"\xff\xff\xff"


def test_a_wipe_that_was_interrupted_is_done_again(
    bench: Bench, chip: Callable[..., MockChip], flashed: bytes
) -> None:
    """What is asked for wipes the table first, so that the next run wipes unasked."""
    mock = chip(before=flashed)
    with cable(mock.port) as whole, pytest.MonkeyPatch.context() as patch:

        def pulled(*_: object) -> None:
            raise BagError(Code.CABLE, "pulled")

        patch.setattr(Esptool, "write", pulled)
        assert bench.code(ESP32, whole.url, "--forget-everything") == "cable"
    assert bench.said(ESP32, mock.url)["wiped_bytes"] > MIB
    assert mock.flash()[SETTINGS : SETTINGS + 3] == b"\xff\xff\xff"


def test_another_layout_with_a_journal_is_left_alone(
    bench: Bench, chip: Callable[..., MockChip]
) -> None:
    board = load_board(ESP32)
    elsewhere = [part for part in board.partitions if part.label != "vfs"]
    flash = b"\xff" * TABLE_OFFSET + encode(elsewhere)
    mock = chip(before=flash)
    assert bench.code(ESP32, mock.url) == "other_layout"
    assert mock.flash()[: len(flash)] == flash


def test_the_wrong_chip_is_left_alone(bench: Bench, chip: Callable[..., MockChip]) -> None:
    mock = chip("esp32s3", 16)
    done = bench.run(ESP32, mock.url)
    assert done.exit_code == 1
    assert "wrong_chip: this is an ESP32-S3; esp32-4mb-wifi has an ESP32" in done.output
    assert "esep device board list" in done.output
    assert mock.flash() == b"\xff" * (16 << 20)


def test_a_small_flash_is_left_alone(bench: Bench, chip: Callable[..., MockChip]) -> None:
    mock = chip("esp32s3", 8)
    assert bench.code(S3, mock.url) == "small_flash"
    assert mock.flash() == b"\xff" * (8 << 20)


def test_a_cable_that_is_pulled_anywhere_is_plugged_in_again_and_it_goes_on(
    bench: Bench, chip: Callable[..., MockChip]
) -> None:
    board = load_board(ESP32)
    mock = chip(before=b"\x5a" * 4 * MIB)
    codes = []
    for length in PULLED_AFTER:
        with cable(mock.port, length) as pulled:
            codes.append(bench.code(ESP32, pulled.url))
        assert mock.flash()[TABLE_OFFSET : TABLE_OFFSET + 4096] != encode(board.partitions)
    assert set(codes) <= {"cable", "no_answer", "port_gone"}
    said = bench.said(ESP32, mock.url)
    assert said["ok"]
    assert said["there_already_bytes"]["base image"] >= 128 * 1024
    assert holds(mock.flash(), bench.expected(board))


def test_an_image_nobody_vouched_for_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bench.folder / f"{ESP32}.toml"
    text = file.read_text(encoding="utf-8")
    digest = load_board(ESP32).image_sha256
    file.write_text(text.replace(digest, ""), encoding="utf-8")
    done = bench.run(ESP32, "/dev/null")
    assert done.exit_code == 2
    assert f"names no base image yet; that of {ESP32}.bin is {digest}" in done.output
    assert "hardware/boards/README.md" in done.output


def test_an_image_of_another_checksum_is_refused(bench: Bench) -> None:
    image = bench.image(ESP32)
    image.write_bytes(image.read_bytes()[:-1] + b"\x00")
    assert bench.code(ESP32, "/dev/null") == "wrong_checksum"


@pytest.mark.parametrize("content", [b"", b"\xff" * 70_000, "another chip"])
def test_an_image_that_is_none_for_the_chip_is_refused(bench: Bench, content: bytes | str) -> None:
    board = load_board(ESP32)
    bad = content if isinstance(content, bytes) else base_image(board, BODY, chip_number=9)
    bench.image(ESP32).write_bytes(bad)
    file = bench.folder / f"{ESP32}.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(board.image_sha256, hashlib.sha256(bad).hexdigest()))
    assert bench.code(ESP32, "/dev/null") == "wrong_image"


def test_an_image_that_is_too_large_is_refused(bench: Bench) -> None:
    board = load_board(ESP32)
    large = base_image(board, bytes(board.base.size))
    bench.image(ESP32).write_bytes(large)
    file = bench.folder / f"{ESP32}.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(board.image_sha256, hashlib.sha256(large).hexdigest()))
    assert bench.code(ESP32, "/dev/null") == "does_not_fit"


def test_an_unsigned_application_is_refused(bench: Bench, tmp_path: Path) -> None:
    unsigned = tmp_path / "unsigned"
    unsigned.write_bytes(bench.expected(load_board(ESP32))[ROMFS])
    assert bench.code(ESP32, "/dev/null", bundle=unsigned) == "bundle_refused"


def test_one_of_another_operator_and_one_that_was_changed_are_refused(
    bench: Bench, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pub"
    stranger.write_bytes(PrivateKey.generate().public.raw)
    done = bench.run(ESP32, "/dev/null", root=stranger)
    assert done.exit_code == 2
    assert "bundle_refused: esep.bundle is refused (bad_signature)" in done.output
    changed = tmp_path / "changed"
    content = bytearray(bench.release.bundle.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(bytes(content))
    assert "(wrong_image)" in bench.run(ESP32, "/dev/null", bundle=changed).output


def test_what_is_missing_is_named_and_nothing_is_asked_without_a_terminal(bench: Bench) -> None:
    done = CliRunner().invoke(app, ["flash", ESP32, "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["what"] == "--image is missing"


def test_a_port_that_is_not_there_is_named(bench: Bench) -> None:
    assert bench.code(ESP32, "/dev/ttyUSB-none") == "port_gone"


def test_a_board_that_is_none_is_answered_with_those_there_are(bench: Bench) -> None:
    done = bench.run("esp31", "/dev/null", image=bench.image(ESP32))
    assert done.exit_code == 2
    assert f"there are: {ESP32}, {S3}" in done.output
