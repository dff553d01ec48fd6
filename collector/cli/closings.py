"""`esep collector closings`: closed delivery periods, as they are known, or were known."""

import json
from typing import Annotated

import typer

from collector.checks import periods
from collector.checks.allocation import PeriodResult
from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.interval_rows import exact
from collector.cli.report import period
from collector.model.moments import MomentError, moment_text, read_moment
from collector.storage import reading

_FOR_EVER = 2**62


def closings(
    directory: Directory,
    since: Annotated[
        str | None, typer.Option("--from", metavar="T", help="a date or time in Astana")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="T", help="periods that begin before; all without")
    ] = None,
    licensee: Annotated[str | None, typer.Option(metavar="BIN")] = None,
    zone: Annotated[str | None, typer.Option(help="an auction zone")] = None,
    known: Annotated[
        str | None,
        typer.Option(metavar="T", help="as it was known then, not as it is known now"),
    ] = None,
    versions: Annotated[
        bool, typer.Option("--versions", help="every closing, not only the one that stands")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What each licensee drew and was allowed in each period, and when that was known."""
    start_ms, end_ms = _moment("--from", since), _moment("--to", until)
    known_ms = _moment("--known", known)
    if versions and known_ms is not None:
        raise fail("--versions shows what was known when; leave out --known")
    span = (start_ms or 0, _FOR_EVER if end_ms is None else end_ms)
    with reading(open_directory(directory)) as connection:
        if versions:
            found = periods.versions_between(connection, *span)
        else:
            found = periods.known(connection, *span, known_ms)
    found = [
        each for each in found if licensee in (None, each.licensee) and zone in (None, each.zone)
    ]
    if as_json:
        typer.echo(json.dumps([period(each) for each in found], indent=2))
        return
    if not found:
        typer.echo("no period was closed" + ("" if known is None else f" that was known {known}"))
    for each in found:
        typer.echo(_line(each))


def _line(result: PeriodResult) -> str:
    measured = exact(result.measured_wh)
    when = "not noted" if result.closed_ms is None else moment_text(result.closed_ms)
    return (
        f"{moment_text(result.start_ms)} {result.licensee}/{result.zone}: {result.outcome},"
        f" {'not measured' if measured is None else f'{measured} Wh'}"
        f" of {exact(result.allowed_wh)} Wh, closing {result.version}, known {when}"
    )


def _moment(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else read_moment(text)
    except MomentError as error:
        raise fail(f"{option} {error}") from None
