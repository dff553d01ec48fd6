"""`esep collector archive`: old frames into read-only files."""

import json
from datetime import datetime
from typing import Annotated

import typer

from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.progress import progress
from collector.cli.service import now_ms
from collector.intervals.follower import IntervalFollower
from collector.ledger import archiving
from collector.ledger.archives import ArchiveError
from collector.ledger.chain import ChainFollower
from collector.orders.follower import OrderFollower
from collector.series.follower import SeriesFollower
from collector.storage import lock, reading

FOLLOWERS = (ChainFollower.name, IntervalFollower.name, OrderFollower.name, SeriesFollower.name)


def archive(
    directory: Directory,
    upto: Annotated[int | None, typer.Option(help="the last position", min=1)] = None,
    before: Annotated[
        str | None,
        typer.Option(help="what was received before this date or time, 2026-11-01 or with offset"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move frames to `archive/`; their names and hashes stay. The collector may run."""
    if (upto is None) == (before is None):
        raise fail("give either --upto POSITION or --before DATE")
    engine = open_directory(directory)
    with reading(engine) as connection:
        done = archiving.archived_upto(connection)
        until = archiving.last_before(connection, _moment_ms(before)) if before else upto or 0
        if before:
            until = min(until, archiving.limit(connection, FOLLOWERS)[0])
    try:
        with (
            lock.take(directory, lock.ARCHIVING),
            progress("frames", max(until - done, 0)) as advance,
        ):
            made = archiving.archive(
                engine,
                until,
                FOLLOWERS,
                now_ms(),
                on_archive=lambda each: advance(each.last - each.first + 1),
            )
    except (archiving.CannotArchiveError, ArchiveError, lock.InUseError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        rows = [
            {"first": each.first, "last": each.last, "size": each.size, "sha256": each.sha256.hex()}
            for each in made
        ]
        typer.echo(json.dumps({"upto": max(until, done), "archives": rows}, indent=2))
        return
    for each in made:
        typer.echo(f"archive/{each.name}.frames: {each.size} bytes, SHA-256 {each.sha256.hex()}")
    typer.echo(f"{sum(each.last - each.first + 1 for each in made)} frames archived")


def _moment_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise fail(f"--before {text}: write 2026-11-01, or 2026-11-01T00:00:00+05:00") from None
    return int(moment.timestamp() * 1000)
