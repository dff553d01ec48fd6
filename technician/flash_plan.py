"""What a board's flash is to hold, in the order of writing, and what must be wiped before."""

from collections.abc import Iterable

from collector.evidence.bundle import Bundle
from technician.base_image import BaseImage
from technician.boards import Board
from technician.esptool_program import Piece
from technician.faults import BagError, Code
from technician.partition_table import TABLE_BYTES, TABLE_OFFSET, Partition, decode, encode
from technician.slots import slot_blocks

PIECE_BYTES = 128 * 1024
"""What is written again at most when the cable was pulled."""
_BLANK = b"\xff"
_KEPT = ("settings", "journal")
_WIPED = ("romfs", "settings", "vfs", "journal")
"""nvs not: ESP-IDF judges what is there, and nothing of ours is."""


def pieces(
    board: Board,
    image: BaseImage,
    bootloader: bytes,
    release: Bundle,
    message: bytes,
    content: bytes,
) -> list[Piece]:
    """All of it, the table last: without it nothing starts, and the next run wipes and goes on.

    `bootloader`: that of the image, as it is for this board's flash; `message` and `content`: of
    the release. Raises BagError.
    """
    slots = board.partition("romfs")
    if len(content) > board.slot_bytes:
        raise BagError(
            Code.DOES_NOT_FIT,
            f"the application has {len(content)} bytes,"
            f" its slot on {board.name} {board.slot_bytes}",
        )
    found = [Piece("bootloader", board.chip.bootloader_offset, bootloader)]
    # An empty otadata starts the first slot, which is the one that is written.
    found += [
        Piece("choice of the base image", part.offset, _BLANK * part.size)
        for part in board.partitions
        if part.subtype == "ota"
    ]
    found += _cut("base image", board.base.offset, image.application)
    found += _cut("application", slots.offset, content)
    found += [
        Piece("choice of the application", slots.offset + at, block)
        for at, block in slot_blocks(slots.size, release.number, len(content), message)
    ]
    return [*found, Piece("partition table", TABLE_OFFSET, encode(board.partitions))]


def to_be_wiped(board: Board, on_board: bytes, *, forget: bool) -> list[tuple[int, int]]:
    """(offset, size) of flash in which somebody else's bytes may lie; `on_board`: its table.

    Nothing when it is this board's table, unless `forget`. Raises BagError when what a gateway
    keeps lies elsewhere.
    """
    wiped = _joined(part for part in board.partitions if part.label in _WIPED)
    if forget:
        # The table first: whoever is interrupted wipes all of it again.
        return [(TABLE_OFFSET, TABLE_BYTES), *wiped]
    if on_board == encode(board.partitions):
        return []
    kept = [part for part in decode(on_board) if part.label in _KEPT]
    if kept:
        names = ", ".join(f"{part.label} at {part.offset:#x}" for part in kept)
        raise BagError(
            Code.OTHER_LAYOUT, f"another layout is on this board, with a gateway's {names}"
        )
    return wiped


def _cut(what: str, offset: int, content: bytes) -> list[Piece]:
    return [
        Piece(what, offset + at, content[at : at + PIECE_BYTES])
        for at in range(0, len(content), PIECE_BYTES)
    ]


def _joined(parts: Iterable[Partition]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for part in sorted(parts, key=lambda part: part.offset):
        if found and sum(found[-1]) == part.offset:
            found[-1] = (found[-1][0], found[-1][1] + part.size)
        else:
            found.append((part.offset, part.size))
    return found
