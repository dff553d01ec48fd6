"""`esep device flash`: from a bare board to one that starts the application."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.evidence import cbor
from collector.evidence.bundle import Bundle, read_bundle_file
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from technician import flash_plan
from technician.asking import given
from technician.base_image import BaseImage, read_base_image, read_file
from technician.boards import Board, BoardError, board_names, load_board
from technician.esptool_program import Esptool, Found, Piece
from technician.faults import BagError, Code
from technician.partition_table import TABLE_BYTES, TABLE_OFFSET
from technician.ports import the_port
from technician.progress import Bar, Said, shown

BAUD = 460_800


@dataclass
class Done:
    """What was found, and what was done about each part of it."""

    board: str
    port: str
    found: Found
    image: str
    bundle: Bundle
    wiped: int = 0
    written: dict[str, int] = field(default_factory=dict)
    there_already: dict[str, int] = field(default_factory=dict)

    def note(self, piece: Piece, *, was_there: bool) -> None:
        counts = self.there_already if was_there else self.written
        counts[piece.what] = counts.get(piece.what, 0) + len(piece.content)

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": True,
            "board": self.board,
            "port": self.port,
            "chip": self.found.chip,
            "mac": self.found.mac,
            "flash_bytes": self.found.flash_bytes,
            "base_image": self.image,
            "bundle": {
                "number": self.bundle.number,
                "version": self.bundle.version,
                "sha256": self.bundle.image_sha256.hex(),
                "firmware_hash": self.bundle.firmware_hash.hex(),
            },
            "wiped_bytes": self.wiped,
            "written_bytes": self.written,
            "there_already_bytes": self.there_already,
            "verified": True,
        }


def flash(
    board: Annotated[str | None, typer.Argument(help="see `esep device board list`")] = None,
    image: Annotated[Path | None, typer.Option(help="firmware.bin of MicroPython")] = None,
    bundle: Annotated[Path | None, typer.Option(help="the application, signed")] = None,
    root: Annotated[Path | None, typer.Option(help="root.pub of the operator")] = None,
    port: Annotated[
        str | None, typer.Option(help="where the board is; else it is looked for")
    ] = None,
    baud: Annotated[int, typer.Option(min=9600, help="slower over a long or bad cable")] = BAUD,
    forget: Annotated[
        bool, typer.Option("--forget-everything", help="wipe also a gateway's key and journal")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Write base image, partitions and application, and verify them. Run again it goes on."""
    ask = sys.stdin.isatty() and not as_json
    try:
        chosen = _board(given(board, "board", f"which board ({', '.join(board_names())})", ask=ask))
        material = _material(
            chosen,
            Path(given(image, "--image", "MicroPython's image, firmware.bin", ask=ask)),
            Path(given(bundle, "--bundle", "the application's bundle", ask=ask)),
            Path(given(root, "--root", "the operator's root.pub", ask=ask)),
        )
        with shown(quiet=as_json) as (said, bar):
            done = write(chosen, material, port or the_port(), baud, said, bar, forget=forget)
    except BagError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "error": error.as_json()}, indent=2))
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None
    if as_json:
        typer.echo(json.dumps(done.as_json(), indent=2))
        return
    written, there = sum(done.written.values()), sum(done.there_already.values())
    typer.echo(
        f"{done.found.chip} {done.found.mac} is {chosen.name}: base image {done.image}, application"
        f" {done.bundle.version} (release {done.bundle.number}).\n"
        f"{written} bytes written, {there} were there already; all verified."
    )


@dataclass(frozen=True)
class Material:
    """What goes onto a board, judged."""

    image: BaseImage
    bundle: Bundle
    message: bytes
    application: bytes


def write(
    board: Board,
    material: Material,
    port: str,
    baud: int,
    said: Said,
    bar: Bar,
    *,
    forget: bool = False,
) -> Done:
    """Raises BagError; run again after that it goes on where it stopped."""
    tool = Esptool(port, baud)
    bootloader = tool.with_flash_size(
        material.image.bootloader, board.chip.name, board.chip.bootloader_offset, board.flash_mb
    )
    pieces = flash_plan.pieces(
        board,
        material.image,
        bootloader,
        material.bundle,
        material.message,
        material.application,
    )
    said("looking at the board")
    found = tool.find()
    _check(board, found)
    done = Done(board.name, port, found, board.image_version, material.bundle)
    on_board = tool.read(TABLE_OFFSET, TABLE_BYTES)
    for offset, size in flash_plan.to_be_wiped(board, on_board, forget=forget):
        said(f"wiping {size // 1024} KiB")
        tool.erase(offset, size)
        done.wiped += size
    said("writing")
    bar.begin(pieces)
    there = tool.write(pieces, bar.reached)
    bar.end()
    said("verifying")
    tool.verify(pieces)
    for piece in pieces:
        done.note(piece, was_there=piece.offset in there)
    return done


def _check(board: Board, found: Found) -> None:
    if found.chip != board.chip.reported:
        raise BagError(
            Code.WRONG_CHIP, f"this is an {found.chip}; {board.name} has an {board.chip.reported}"
        )
    if found.flash_bytes < board.flash_bytes:
        raise BagError(
            Code.SMALL_FLASH,
            f"this board has {found.flash_bytes // 1024} KiB of flash; {board.name} needs"
            f" {board.flash_bytes // 1024}",
        )


def _board(name: str) -> Board:
    try:
        return load_board(name)
    except BoardError as error:
        raise BagError(Code.UNKNOWN_BOARD, str(error)) from None


def _material(board: Board, image: Path, bundle: Path, root: Path) -> Material:
    base = read_base_image(image, board)
    try:
        key = PublicKey(read_file(root))
    except ValueError as error:
        raise BagError(Code.NO_FILE, f"{root} is no root.pub: {error}") from None
    try:
        content = read_file(bundle)
        release, application = read_bundle_file(content, key)
    except EvidenceError as error:
        raise BagError(
            Code.BUNDLE_REFUSED, f"{bundle.name} is refused ({error.reason}): {error}"
        ) from None
    return Material(base, release, cbor.decode(content)[0], application)
