"""`esep collector edit-interval` and `undo-edit`: by a named person, with a reason."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.interval_rows import DIRECTIONS
from collector.cli.intervals import fail, moment_of, open_register
from collector.cli.service import now_ms
from collector.intervals.closed import edits
from collector.intervals.closed.edits import Author, EditError
from collector.intervals.closed.grid import Grid

_Directory = Annotated[Path, typer.Argument(help="the collector's data directory")]
_Person = Annotated[str, typer.Option("--by", help="the name of who does it")]
_Reason = Annotated[str, typer.Option(help="why")]


def edit(
    directory: _Directory,
    meter: str,
    start: Annotated[str, typer.Argument(help="when the quarter begins, with its offset")],
    wh: Annotated[str, typer.Option(help="its energy in Wh")],
    by: _Person,
    reason: _Reason,
    error_wh: Annotated[str | None, typer.Option(help="how far it may be wrong")] = None,
    direction: Annotated[str, typer.Option(help="import or export")] = "import",
) -> None:
    """Say the energy of a quarter that no register knows. Registers that come later override it."""
    if direction not in DIRECTIONS:
        raise fail(f"--direction is import or export, not {direction!r}")
    engine, registry = open_register(directory)
    grid = Grid.of(registry.view().market)
    try:
        with engine.begin() as connection:
            number = edits.make(
                connection,
                grid,
                (meter, DIRECTIONS[direction]),
                moment_of(start),
                _decimal(wh),
                None if error_wh is None else _decimal(error_wh),
                Author(by, reason),
                now_ms(),
            )
    except EditError as error:
        raise fail(str(error)) from None
    typer.echo(f"edit {number} is kept; the running collector closes the quarter again")


def undo(
    directory: _Directory,
    number: Annotated[int, typer.Argument(help="of the edit")],
    by: _Person,
    reason: _Reason,
) -> None:
    """Take an edit back: what stood before it stands again. Both are kept."""
    engine, registry = open_register(directory)
    grid = Grid.of(registry.view().market)
    try:
        with engine.begin() as connection:
            edits.undo(connection, grid, number, Author(by, reason), now_ms())
    except EditError as error:
        raise fail(str(error)) from None
    typer.echo(f"edit {number} is undone; the running collector closes the quarter again")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise fail(f"{text!r} is no number") from None
