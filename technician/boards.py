"""The boards there are: chip, flash, partitions, pins (hardware/boards/README.md)."""

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from technician import board_rules
from technician.partition_table import Partition

BOARDS = Path(__file__).resolve().parents[1] / "hardware" / "boards"
CHIPS = BOARDS / "chips"
_LAN_PINS = ("mdc", "mdio", "power", "reset", "ref_clk", "cs", "int")
_SPI_PINS = ("sck", "mosi", "miso")
_BESIDE_IMAGE_BYTES = 2 * 0x1000
"""In each slot: the bundle's message, and a copy of the record."""


class BoardError(ValueError):
    """There is no such board, or its file is not in order."""


@dataclass(frozen=True)
class Chip:
    """`reported`: as esptool names it; `image_id`: as an image for it does."""

    name: str
    reported: str
    image_id: int
    bootloader_offset: int


@dataclass(frozen=True)
class Board:
    """`image_version` and `image_sha256` are empty until a person filled them in."""

    name: str
    module: str
    chip: Chip
    flash_mb: int
    partitions: tuple[Partition, ...]
    image_version: str
    image_sha256: str
    document: dict[str, Any]

    @property
    def flash_bytes(self) -> int:
        return self.flash_mb * 1024 * 1024

    @property
    def is_wifi(self) -> bool:
        return bool(self.document["network"]["kind"] == "wifi")

    def partition(self, label: str) -> Partition:
        """Raises KeyError."""
        return {each.label: each for each in self.partitions}[label]

    @property
    def slot_bytes(self) -> int:
        """Room for the application's image in one of the two slots (firmware/slots.py)."""
        return self.partition("romfs").size // 2 - _BESIDE_IMAGE_BYTES

    @property
    def base(self) -> Partition:
        """Where the base image goes by cable: the first of its slots."""
        return next(each for each in self.partitions if each.type == "app")

    def setting(self, ssid: str = "", password: str = "") -> bytes:
        """board.json, as firmware/board/esp32.py takes it."""
        pins = self.document
        content = {
            "uarts": {
                str(line["bus"]): {
                    "id": line["uart"],
                    "tx": line["tx"],
                    "rx": line["rx"],
                    "de": line.get("de"),
                }
                for line in pins["rs485"]
            },
            "outputs": {
                str(relay["output"]): {"pin": relay["pin"], "active": relay["energised"]}
                for relay in pins["relay"]
            },
            "contacts": {
                str(each["contact"]): {"pin": each["pin"], "closed": each["closed"]}
                for each in pins["input"]
            },
            "network": _network(pins["network"], ssid, password),
        }
        return json.dumps(content, separators=(",", ":")).encode()


def _network(network: dict[str, Any], ssid: str, password: str) -> dict[str, Any]:
    if network["kind"] == "wifi":
        return {"kind": "wifi", "ssid": ssid, "password": password}
    content: dict[str, Any] = {
        "kind": "lan",
        "phy_type": f"PHY_{network['phy']}",
        "phy_addr": network["phy_addr"],
    }
    content |= {name: network[name] for name in _LAN_PINS if name in network}
    if "ref_clk_mode" in network:
        content["ref_clk_mode"] = network["ref_clk_mode"]
    if "sck" in network:
        content["spi"] = {name: network[name] for name in _SPI_PINS}
    return content


def board_names() -> list[str]:
    return sorted(file.stem for file in BOARDS.glob("*.toml"))


def load_board(name: str) -> Board:
    """Raises BoardError."""
    if name not in board_names():
        raise BoardError(f"there is no board {name!r}; there are: {', '.join(board_names())}")
    return parse_board((BOARDS / f"{name}.toml").read_text(encoding="utf-8"), name)


def parse_board(text: str, name: str) -> Board:
    """Raises BoardError, which says everything that is wrong."""
    document = _document(text, name, BOARDS / "board.schema.json")
    if document["name"] != name:
        raise BoardError(f"{name}: name: it must be that of the file, not {document['name']!r}")
    chip = chip_document(document["chip"])
    partitions = tuple(Partition(**each) for each in document["partition"])
    found = board_rules.faults(document, chip, partitions)
    if found:
        raise BoardError("; ".join(f"{name}: {fault}" for fault in found))
    return Board(
        name,
        document["module"],
        Chip(chip["name"], chip["reported"], chip["image_id"], chip["bootloader_offset"]),
        document["flash_mb"],
        partitions,
        document["base_image"]["version"],
        document["base_image"]["sha256"],
        document,
    )


@cache
def chip_document(name: str) -> dict[str, Any]:
    """Raises BoardError."""
    text = (CHIPS / f"{name}.toml").read_text(encoding="utf-8")
    return _document(text, name, CHIPS / "chip.schema.json")


def _document(text: str, name: str, schema: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"{name}: not TOML: {error}") from None
    found = [
        f"{name}: {'.'.join(map(str, fault.absolute_path)) or 'the file'}: {fault.message}"
        for fault in _validator(schema).iter_errors(document)
    ]
    if found:
        raise BoardError("; ".join(found))
    return document


@cache
def _validator(schema: Path) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema.read_text("utf-8")))
