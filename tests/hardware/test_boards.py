"""Every board is whole; and each rule about pins and partitions refuses a file that breaks it."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from technician.boards import (
    BOARDS,
    CHIPS,
    BoardError,
    board_names,
    chip_document,
    load_board,
    parse_board,
)
from technician.journal_plan import journals_kib

ETHERNET, WIFI = "esp32-4mb-ethernet", "esp32-4mb-wifi"
S3 = "esp32s3-16mb-wifi"


@pytest.mark.parametrize("name", board_names())
def test_it_is_in_order(name: str) -> None:
    board = load_board(name)
    assert board.partition("settings").size == 240 * 1024
    assert board.partitions == tuple(sorted(board.partitions, key=lambda part: part.offset))
    assert board.is_wifi == name.endswith("wifi")


def test_each_chip_is_there_by_wifi_and_by_ethernet() -> None:
    there = {(load_board(name).chip.name, load_board(name).is_wifi) for name in board_names()}
    assert there == {("esp32", True), ("esp32", False), ("esp32s3", True), ("esp32s3", False)}


def test_boards_of_one_flash_have_one_layout() -> None:
    boards = [load_board(name) for name in board_names()]
    assert len({(board.flash_mb, board.partitions) for board in boards}) == len(journals_kib())


@pytest.mark.parametrize("name", board_names())
def test_who_takes_the_image_as_it_is_named_is_a_person(name: str) -> None:
    """No checksum is shipped: nobody has built and tried an image for this yet."""
    assert load_board(name).image_sha256 == ""


PINS = {
    "a relay on a strapping pin": (
        WIFI,
        "output = 1\npin = 32",
        "output = 1\npin = 12",
        "relay 1: pin 12 is a strapping pin",
    ),
    "a relay that the boot log moves": (
        S3,
        "output = 1\npin = 21",
        "output = 1\npin = 43",
        "relay 1: pin 43 is the console's",
    ),
    "a relay that is not quiet": (
        WIFI,
        "output = 1\npin = 32",
        "output = 1\npin = 14",
        "relay 1: pin 14 is not quiet at a start",
    ),
    "a relay on the pin of USB": (
        S3,
        "output = 1\npin = 21",
        "output = 1\npin = 20",
        "relay 1: pin 20 is not quiet",
    ),
    "an output on an input": (
        WIFI,
        "de = 25",
        "de = 34",
        "rs485 0 de: pin 34 can only be an input",
    ),
    "I2C on an input": (WIFI, "sda = 21", "sda = 36", "rtc sda: pin 36 can only be an input"),
    "twice one pin": (WIFI, "sda = 21", "sda = 18", "pin 18 is that of input 5 already"),
    "a pin of RMII": (
        ETHERNET,
        "contact = 4\npin = 13",
        "contact = 4\npin = 27",
        "network RMII: pin 27 is that of input 4",
    ),
    "a pin of the flash": (WIFI, "scl = 22", "scl = 6", "rtc scl: pin 6 belongs to the flash"),
    "a pin of the octal PSRAM": (
        S3,
        "scl = 9",
        "scl = 36",
        "rtc scl: pin 36 belongs to the flash or the PSRAM",
    ),
    "a pin of the quad PSRAM": (
        WIFI,
        'psram = "none"',
        'psram = "quad"',
        "rs485 0 tx: pin 17 belongs to",
    ),
    "a pin that is not there": (WIFI, "scl = 22", "scl = 24", "the module has no pin 24"),
    "an input that somebody holds at a start": (
        WIFI,
        "contact = 5\npin = 18",
        "contact = 5\npin = 15",
        "input 5: pin 15 is a strapping pin",
    ),
    "a strapping pin without a reason": (
        WIFI,
        "de = 25",
        "de = 5",
        "rs485 0 de: pin 5 is a strapping pin: say",
    ),
    "a reason for nothing": (
        WIFI,
        "[[strapping]]\npin = 2",
        "[[strapping]]\npin = 5",
        "strapping: pin 5 is no strapping pin in use",
    ),
    "two contacts of one number": (
        WIFI,
        "contact = 5",
        "contact = 6",
        "input: contact 6 is there twice",
    ),
    "a relay that floats on": (
        WIFI,
        "output = 1\npin = 32\nenergised = 1",
        "output = 1\npin = 32\nenergised = 0",
        "relay.0.energised: 1 was expected",
    ),
    "RMII on a chip without": (
        ETHERNET,
        'chip = "esp32"',
        'chip = "esp32s3"',
        "network: the ESP32-S3 has no RMII",
    ),
}
PARTITIONS = {
    "not at a sector": (
        WIFI,
        "offset = 0x260000",
        "offset = 0x260100",
        "settings: it must begin at a multiple of 0x1000",
    ),
    "a size that is no sector's": (
        WIFI,
        "size = 0x24000",
        "size = 0x24001",
        "vfs: its size must be a multiple",
    ),
    "an application not at 64 KiB": (
        S3,
        "offset = 0x280000",
        "offset = 0x281000",
        "ota_1: it must begin at a multiple of 0x10000",
    ),
    "overlapping": (WIFI, "offset = 0x260000", "offset = 0x25f000", "settings: it overlaps romfs"),
    "over the table": (
        WIFI,
        "offset = 0x9000",
        "offset = 0x8000",
        "nvs: it overlaps the partition table",
    ),
    "beyond the flash": (
        WIFI,
        "size = 0x140000",
        "size = 0x141000",
        "journal: it ends at 0x401000, the flash at 0x400000",
    ),
    "missing": (WIFI, 'label = "journal"', 'label = "diary"', "partition journal: it is missing"),
    "twice": (WIFI, 'label = "vfs"', 'label = "settings"', "partition settings: it is there twice"),
    "slots of two sizes": (
        WIFI,
        "offset = 0x1e0000\nsize = 0x80000",
        "offset = 0x1e0000\nsize = 0x7f000",
        "partition romfs: the application's two slots",
    ),
    "settings too small": (
        WIFI,
        "size = 0x3c000",
        "size = 0x3b000",
        "partition settings: it must have 0x3c000 bytes",
    ),
    "a subtype of the other type": (
        WIFI,
        'subtype = "fat"',
        'subtype = "ota_0"',
        "vfs: ota_0 is no subtype of data",
    ),
    "two slots without otadata": (
        S3,
        'label = "otadata"',
        'label = "other"',
        "partition otadata: it is missing",
    ),
    "one of two slots": (
        S3,
        'subtype = "ota_1"',
        'subtype = "factory"',
        "give factory, or ota_0 and ota_1",
    ),
}
FILES = {
    "not TOML": (WIFI, "schema = 1", "schema = ", "not TOML"),
    "another's name": (WIFI, f'"{WIFI}"', '"another"', "name: it must be that of the file"),
    "a checksum that is none": (
        WIFI,
        'sha256 = ""',
        'sha256 = "abc"',
        "base_image.sha256: 'abc' does not match",
    ),
}


@pytest.mark.parametrize(
    "case",
    [*PINS.values(), *PARTITIONS.values(), *FILES.values()],
    ids=[*PINS, *PARTITIONS, *FILES],
)
def test_what_breaks_a_rule_is_refused(case: tuple[str, str, str, str]) -> None:
    name, was, given, said = case
    text = (BOARDS / f"{name}.toml").read_text(encoding="utf-8")
    assert was in text
    with pytest.raises(BoardError, match=re.escape(said)):
        parse_board(text.replace(was, given, 1), name)


def test_a_name_that_is_none_is_answered_with_those_there_are() -> None:
    with pytest.raises(BoardError, match="there are: esp32-4mb-ethernet, "):
        load_board("../chips/esp32")


@pytest.mark.parametrize("chip", ["esp32", "esp32s3"])
def test_a_chips_file_is_in_order(chip: str) -> None:
    document = chip_document(chip)
    outside = {pin for name in ("flash", "quad_psram", "octal_psram") for pin in document[name]}
    named = {
        pin for name in ("input_only", "strapping", "console", "rmii") for pin in document[name]
    }
    named |= {pin for glitch in document["glitch"] for pin in glitch["pins"]}
    assert named <= {*document["pins"]} | outside


@pytest.mark.parametrize("schema", [BOARDS / "board.schema.json", CHIPS / "chip.schema.json"])
def test_the_schema_is_one(schema: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.read_text("utf-8")))


def test_the_readme_lists_them() -> None:
    readme = (BOARDS / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\d+) MB \| (\d+) \| (\d+) \|", readme, re.MULTILINE)
    found = []
    for name in board_names():
        document = tomllib.loads((BOARDS / f"{name}.toml").read_text(encoding="utf-8"))
        counts = (
            str(document["flash_mb"]),
            str(len(document["relay"])),
            str(len(document["input"])),
        )
        found.append((name, *counts))
    assert rows == found
