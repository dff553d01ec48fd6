"""What the verbs of `esep collector` have in common: their arguments, and how they end."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from collector.storage import DatabaseError, open_database
from collector.storage.settings import SettingsError

Directory = Annotated[Path, typer.Argument(help="the collector's data directory")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]

UNUSABLE = (DatabaseError, FileNotFoundError, PermissionError, SettingsError)
"""What is wrong with a data directory, said in their texts."""


def fail(text: str) -> typer.Exit:
    """The command, or a file it names, is wrong; `text` says what would be right."""
    typer.echo(text, err=True)
    return typer.Exit(2)


def open_directory(directory: Path) -> Engine:
    try:
        return open_database(directory)
    except UNUSABLE as error:
        raise fail(str(error)) from None
