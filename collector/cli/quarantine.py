"""`esep collector quarantine`: what was refused, as it came."""

import json
from typing import Annotated, Any

import typer

from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.report import moment
from collector.intake import quarantine as room
from collector.storage import reading


def quarantine(
    directory: Directory,
    show: Annotated[
        int | None, typer.Option(help="one refusal by its number, its bytes in hex")
    ] = None,
    purge: Annotated[
        bool, typer.Option("--purge", help="forget what is kept; counts stay")
    ] = False,
    limit: Annotated[int, typer.Option(help="how many, newest first", min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """The refusals that are kept, newest first, and how many there ever were."""
    engine = open_directory(directory)
    if show is not None and purge:
        raise fail("--show and --purge are not given together")
    if purge:
        with engine.begin() as connection:
            gone = room.purge(connection)
        typer.echo(json.dumps({"purged": gone}) if as_json else f"{gone} refusals are forgotten")
        return
    with reading(engine) as connection:
        if show is not None:
            refusal = room.one(connection, show)
            if refusal is None:
                raise fail(f"there is no refusal {show}; without --show they are listed")
            _show(refusal, as_json)
            return
        kept, counts = room.newest(connection, limit), room.counts(connection)
    if as_json:
        rows = [_as_dict(refusal) for refusal in kept]
        typer.echo(json.dumps({"counts": counts, "newest": rows}, indent=2))
        return
    for reason, count in sorted(counts.items()):
        typer.echo(f"{reason}: {count} refused")
    for refusal in kept:
        typer.echo(
            f"{refusal.id:8} {moment(refusal.received_ms)} {refusal.reason:18}"
            f" {refusal.size:6} bytes on {refusal.topic!r}"
        )


def _show(refusal: room.Refusal, as_json: bool) -> None:
    values = _as_dict(refusal) | {"head": refusal.head.hex()}
    if as_json:
        typer.echo(json.dumps(values, indent=2))
        return
    for name, value in values.items():
        typer.echo(f"{name}: {value}")


def _as_dict(refusal: room.Refusal) -> dict[str, Any]:
    return {
        "id": refusal.id,
        "received": moment(refusal.received_ms),
        "reason": refusal.reason,
        "topic": refusal.topic,
        "size": refusal.size,
        "sha256": refusal.sha256.hex(),
    }
