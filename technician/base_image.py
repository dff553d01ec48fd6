"""A MicroPython image as its build leaves it: bootloader, a table that is not used, application."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from technician.boards import Board
from technician.faults import BagError, Code
from technician.partition_table import TABLE_OFFSET

_APPLICATION_AT = 0x10000
_MAGIC = 0xE9
_CHIP_AT = 12
_HEADER_BYTES = 24


@dataclass(frozen=True)
class BaseImage:
    bootloader: bytes
    application: bytes


def read_base_image(path: Path, board: Board) -> BaseImage:
    """Raises BagError: no checksum is known, the file is another, or for another chip."""
    content = read_file(path)
    digest = hashlib.sha256(content).hexdigest()
    if not board.image_sha256:
        raise BagError(
            Code.NO_CHECKSUM,
            f"the file of {board.name} names no base image yet; that of {path.name} is {digest}",
        )
    if digest != board.image_sha256:
        raise BagError(
            Code.WRONG_CHECKSUM,
            f"{path.name} has SHA-256 {digest}, not {board.image_sha256} of {board.image_version}",
        )
    start = board.chip.bootloader_offset
    image = BaseImage(
        content[: TABLE_OFFSET - start].rstrip(b"\xff"), content[_APPLICATION_AT - start :]
    )
    for name, part in (("bootloader", image.bootloader), ("application", image.application)):
        _check(path, name, part, board)
    if len(image.application) > board.base.size:
        raise BagError(
            Code.DOES_NOT_FIT,
            f"the application of {path.name} has {len(image.application)} bytes; {board.base.label}"
            f" of {board.name} has {board.base.size}",
        )
    return image


def _check(path: Path, name: str, part: bytes, board: Board) -> None:
    if len(part) < _HEADER_BYTES or part[0] != _MAGIC:
        raise BagError(
            Code.WRONG_IMAGE,
            f"{path.name} holds no {name} where the {board.chip.reported} looks for it",
        )
    chip = int.from_bytes(part[_CHIP_AT : _CHIP_AT + 2], "little")
    if chip != board.chip.image_id:
        raise BagError(
            Code.WRONG_IMAGE,
            f"the {name} in {path.name} is for chip number {chip}; the {board.chip.reported} has"
            f" number {board.chip.image_id}",
        )


def read_file(path: Path) -> bytes:
    """Raises BagError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BagError(Code.NO_FILE, f"{path}: {error.strerror}") from None
