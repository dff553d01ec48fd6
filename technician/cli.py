"""`esep device`: the technician's bag."""

import json
from pathlib import Path
from typing import Annotated

import typer

from technician import board_commands, profiles
from technician.bundle import BundleError, write_bundle
from technician.journal_plan import journal_plan

app = typer.Typer(no_args_is_help=True, help="The technician's bag.")
app.add_typer(profiles.app, name="profile")
app.add_typer(board_commands.app, name="board")
app.command("journal-plan")(journal_plan)


@app.callback()
def device() -> None:
    """The technician's bag."""


@app.command()
def bundle(
    out: Annotated[Path, typer.Argument(help="a new file")],
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Compile the firmware's application into the image that goes onto a board."""
    if out.exists():
        typer.echo(f"{out} exists; name a new file", err=True)
        raise typer.Exit(2)
    try:
        sizes = write_bundle(out)
    except OSError as error:
        typer.echo(f"{out}: {error.strerror}; name a new file", err=True)
        raise typer.Exit(2) from None
    except BundleError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(sizes, indent=2))
        return
    for name, size in sizes.items():
        typer.echo(f"{size:7} {name}")
    typer.echo(f"{out.stat().st_size:7} {out}")
