"""`esep device board`: which boards there are, their wiring, what is wrong with a file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from technician.board_rules import uses
from technician.boards import (
    Board,
    BoardError,
    board_names,
    chip_document,
    load_board,
    parse_board,
)
from technician.drawings.terminals import terminals
from technician.faults import BagError

app = typer.Typer(no_args_is_help=True, help="Boards: chip, flash, partitions, pins.")

AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]


@app.command("list")
def list_boards(as_json: AsJson = False) -> None:
    """Name the boards there are."""
    boards = [load_board(name) for name in board_names()]
    if as_json:
        typer.echo(json.dumps([_entry(board) for board in boards], indent=2))
        return
    wide = max(len(board.name) for board in boards)
    for board in boards:
        typer.echo(f"{board.name:{wide}}  {board.module}, {board.flash_mb} MB: {_image(board)}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="see `esep device board list`")],
    as_json: AsJson = False,
) -> None:
    """Print a board's wiring and its partitions."""
    try:
        board = load_board(name)
    except BoardError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(_entry(board) | {"file": board.document}, indent=2))
        return
    typer.echo(f"{board.name}: {board.module}, {board.flash_mb} MB of flash; {_image(board)}\n")
    for use in uses(board.document, chip_document(board.chip.name)):
        typer.echo(f"  GPIO{use.pin:<3} {use.what}")
    typer.echo("")
    for part in board.partitions:
        typer.echo(f"  {part.label:9} {part.offset:#9x} {part.size // 1024:6} KiB  {part.subtype}")
    typer.echo(f"\n{board.document['notes'].strip()}")


@app.command()
def draw(
    name: Annotated[str, typer.Argument(help="see `esep device board list`")],
    out: Annotated[Path, typer.Option(help="a new file, PDF to print, or SVG")],
) -> None:
    """Draw a board's terminals."""
    try:
        terminals(load_board(name)).save(out)
    except BoardError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except BagError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None
    typer.echo(str(out))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="a board's file", exists=True, dir_okay=False)],
) -> None:
    """Say what is wrong with a board's file."""
    try:
        board = parse_board(file.read_text(encoding="utf-8"), file.stem)
    except (BoardError, UnicodeDecodeError) as error:
        typer.echo(str(error).replace("; ", "\n"), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{file.name}: good, {_image(board)}")


def _image(board: Board) -> str:
    if board.image_sha256:
        return f"base image {board.image_version}"
    return "no base image named yet (hardware/boards/README.md)"


def _entry(board: Board) -> dict[str, object]:
    return {
        "name": board.name,
        "module": board.module,
        "chip": board.chip.name,
        "flash_mb": board.flash_mb,
        "base_image": {"version": board.image_version, "sha256": board.image_sha256 or None},
    }
