"""What must hold of a board's pins and partitions, beyond the shape of its file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from technician.partition_table import SUBTYPES, TABLE_BYTES, TABLE_OFFSET, Partition

SETTINGS_BYTES = 60 * 4096
"""As the firmware has it on every board: firmware/board/unix.py, docs/architecture.md."""
_SECTOR, _APP_ALIGNMENT = 0x1000, 0x10000
_NEEDED = ("nvs", "phy_init", "romfs", "settings", "journal", "vfs")
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Use:
    """What a pin is for. `drives`: the chip does, or both."""

    pin: int
    what: str
    drives: bool


def uses(document: Mapping[str, Any], chip: Mapping[str, Any]) -> list[Use]:
    """Every pin that the board gives a use; those of flash and console are not among them."""
    found: list[Use] = []
    for line in document["rs485"]:
        name = f"rs485 {line['bus']}"
        found += [Use(line["tx"], f"{name} tx", True), Use(line["rx"], f"{name} rx", False)]
        if "de" in line:
            found.append(Use(line["de"], f"{name} de", True))
    found += [Use(each["pin"], f"relay {each['output']}", True) for each in document["relay"]]
    found += [Use(each["pin"], f"input {each['contact']}", False) for each in document["input"]]
    found += [Use(document["rtc"][name], f"rtc {name}", True) for name in ("sda", "scl")]
    found.append(Use(document["led"]["pin"], "led", True))
    found.append(Use(document["service_button"]["pin"], "service button", False))
    network = document["network"]
    for name in ("mdc", "mdio", "power", "reset", "sck", "mosi", "cs", "miso", "int"):
        if name in network:
            found.append(Use(network[name], f"network {name}", name not in ("miso", "int")))
    if "ref_clk" in network:
        found.append(Use(network["ref_clk"], "network ref_clk", network["ref_clk_mode"] == "OUT"))
        found += [Use(pin, "network RMII", True) for pin in chip["rmii"]]
    return found


def faults(
    document: Mapping[str, Any], chip: Mapping[str, Any], partitions: Sequence[Partition]
) -> list[str]:
    """What is wrong, in words; empty when nothing is."""
    return [
        *_pin_faults(uses(document, chip), document, chip),
        *_numbers(document),
        *_network_faults(document, chip),
        *_each_partition(partitions),
        *_together(partitions, document["flash_mb"] * _MEGABYTE),
    ]


def _pin_faults(
    found: Sequence[Use], document: Mapping[str, Any], chip: Mapping[str, Any]
) -> Iterator[str]:
    glitches = {pin: glitch["what"] for glitch in chip["glitch"] for pin in glitch["pins"]}
    first: dict[int, Use] = {}
    for use in found:
        yield from (f"{use.what}: {fault}" for fault in _place_faults(use, document, chip))
        if use.what.startswith("relay") and use.pin in glitches:
            yield f"{use.what}: pin {use.pin} is not quiet at a start: {glitches[use.pin]}"
        if use.pin in first:
            yield f"{use.what}: pin {use.pin} is that of {first[use.pin].what} already"
        first.setdefault(use.pin, use)
    explained = {each["pin"] for each in document["strapping"]}
    for pin in sorted(explained - {*first} | explained - {*chip["strapping"]}):
        yield f"strapping: pin {pin} is no strapping pin in use"


def _place_faults(use: Use, document: Mapping[str, Any], chip: Mapping[str, Any]) -> Iterator[str]:
    pin = use.pin
    if pin in _memory(document, chip):
        yield f"pin {pin} belongs to the flash or the PSRAM"
    elif pin not in chip["pins"]:
        yield f"the module has no pin {pin}"
    elif pin in chip["console"]:
        yield f"pin {pin} is the console's"
    if pin in chip["input_only"] and use.drives:
        yield f"pin {pin} can only be an input"
    if pin in chip["strapping"]:
        if use.what.startswith(("relay", "input")):
            yield f"pin {pin} is a strapping pin"
        elif pin not in {each["pin"] for each in document["strapping"]}:
            yield f"pin {pin} is a strapping pin: say in [[strapping]] why it may"


def _memory(document: Mapping[str, Any], chip: Mapping[str, Any]) -> set[int]:
    names = {"none": ["flash"], "quad": ["flash", "quad_psram"]}
    every = ["flash", "quad_psram", "octal_psram"]
    return {pin for name in names.get(document["psram"], every) for pin in chip[name]}


def _numbers(document: Mapping[str, Any]) -> Iterator[str]:
    for table, name in (
        ("rs485", "bus"),
        ("rs485", "uart"),
        ("relay", "output"),
        ("input", "contact"),
    ):
        given = [each[name] for each in document[table]]
        for number in sorted({each for each in given if given.count(each) > 1}):
            yield f"{table}: {name} {number} is there twice"


def _network_faults(document: Mapping[str, Any], chip: Mapping[str, Any]) -> Iterator[str]:
    if "ref_clk" in document["network"] and not chip["rmii"]:
        yield f"network: the {chip['reported']} has no RMII"


def _each_partition(partitions: Sequence[Partition]) -> Iterator[str]:
    for part in partitions:
        if part.subtype not in SUBTYPES[part.type]:
            yield f"partition {part.label}: {part.subtype} is no subtype of {part.type}"
        alignment = _APP_ALIGNMENT if part.type == "app" else _SECTOR
        if part.offset % alignment:
            yield f"partition {part.label}: it must begin at a multiple of {alignment:#x}"
        if part.size % _SECTOR:
            yield f"partition {part.label}: its size must be a multiple of {_SECTOR:#x}"


def _together(partitions: Sequence[Partition], flash_bytes: int) -> Iterator[str]:
    labels = [part.label for part in partitions]
    end, before = TABLE_OFFSET + TABLE_BYTES, "the partition table"
    for part in sorted(partitions, key=lambda part: part.offset):
        if part.offset < end:
            yield f"partition {part.label}: it overlaps {before}"
        end, before = max(end, part.end), part.label
        if part.end > flash_bytes:
            yield f"partition {part.label}: it ends at {part.end:#x}, the flash at {flash_bytes:#x}"
    for label in sorted({each for each in labels if labels.count(each) > 1}):
        yield f"partition {label}: it is there twice"
    for label in (each for each in _NEEDED if each not in labels):
        yield f"partition {label}: it is missing"
    bases = [part.subtype for part in partitions if part.type == "app"]
    if bases not in (["factory"], ["ota_0", "ota_1"]):
        yield "partitions of the base image: give factory, or ota_0 and ota_1"
    if "ota_0" in bases and "otadata" not in labels:
        yield "partition otadata: it is missing, and ota_0 is there"
    sizes = {part.label: part.size for part in partitions}
    if sizes.get("romfs", 0) % (2 * _SECTOR):
        yield "partition romfs: the application's two slots must be of one size"
    if sizes.get("settings", SETTINGS_BYTES) != SETTINGS_BYTES:
        yield f"partition settings: it must have {SETTINGS_BYTES:#x} bytes"
