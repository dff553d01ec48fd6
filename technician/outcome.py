"""How a command of the bag ends: what it says, and with which exit code."""

import json
from typing import Any

import typer

from technician.faults import BagError


def failed(error: BagError, *, as_json: bool) -> typer.Exit:
    if as_json:
        typer.echo(json.dumps({"ok": False, "error": error.as_json()}, indent=2))
    else:
        typer.echo(str(error), err=True)
    return typer.Exit(error.exit_code)


def done(said: dict[str, Any], text: str, *, as_json: bool) -> None:
    typer.echo(json.dumps({"ok": True} | said, indent=2) if as_json else text)
