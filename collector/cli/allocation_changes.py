"""`esep registry allocate` and `cancel`: allocations that a person enters from a document."""

import hashlib
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.arguments import Directory, fail
from collector.cli.registry_changes import PROPOSED, open_registry
from collector.cli.service import now_ms
from collector.model.instant import astana
from collector.model.moments import MomentError, read_moment
from collector.model.records import Allocation
from collector.registry.allocating import cancellations, read_hours
from collector.registry.documents import require_hours
from collector.registry.figures import FigureError, read_figure
from collector.registry.hours import convention, hour_start_ms
from collector.registry.korem import read_layout
from collector.registry.reading import FileError, Reading, told
from collector.registry.store import Registry
from collector.registry.taking import Office, Source
from collector.storage import reading

_SHA256 = re.compile("[0-9a-f]{64}")

Zone = Annotated[str, typer.Argument(help="an auction zone, or a zone that is sold in one")]
Day = Annotated[str, typer.Argument(help="the delivery day in Astana, 2026-11-23")]
Hours = Annotated[str, typer.Option(help="9-18,20, counted as in docs/korem.md")]
Document = Annotated[str, typer.Option(help="what it rests on: a file, or its SHA-256 in hex")]
By = Annotated[str, typer.Option("--by", help="the person who enters it")]


def allocate(
    directory: Directory,
    licensee: Annotated[str, typer.Argument(help="the licensee's BIN")],
    zone: Zone,
    day: Day,
    hours: Hours,
    energy: Annotated[str, typer.Option(help="MWh in each of these hours")],
    document: Document,
    by: By,
    source: Annotated[str, typer.Option(help="auction, import, bilateral, own_...")] = "auction",
    lot: Annotated[str, typer.Option(help="of several in one hour")] = "1",
    price: Annotated[str | None, typer.Option(help="KZT/MWh, as bid")] = None,
    prepaid: Annotated[str | None, typer.Option(help="KZT, for all of these hours")] = None,
) -> None:
    """Propose what a licensee bought. Ends with 3: another person must approve it."""
    registry = open_registry(directory)
    given = Reading()
    try:
        require_hours(registry.view())
        same = {
            "licensee": licensee,
            "zone": registry.view().auction_zone(zone),
            "energy_mwh": _figure("--energy", energy),
            "source": source,
            "lot": lot,
            "price_kzt_mwh": _figure("--price", price),
            "prepaid_kzt": _figure("--prepaid", prepaid),
            "prepaid_covers": "day",
            "hour_convention": convention(read_layout().first_hour),
        }
        for start_ms in _starts(day, hours):
            given.add(Allocation.kind, f"{astana(start_ms):%H:%M}", same | {"start": start_ms})
        _submit(registry, given, _source("allocate", document, by), by_two=True)
    except FileError as error:
        raise fail(str(error)) from None


def cancel(
    directory: Directory,
    zone: Zone,
    day: Day,
    hours: Hours,
    document: Document,
    by: By,
    licensee: Annotated[str | None, typer.Option(help="a BIN; else every licensee's")] = None,
    source: Annotated[str | None, typer.Option(help="one source; else every source")] = None,
    lot: Annotated[str | None, typer.Option(help="one lot; else every lot")] = None,
) -> None:
    """Cancel what was bought, as the system operator ordered: it allows nothing from now on."""
    registry = open_registry(directory)
    try:
        starts = _starts(day, hours)
        auction = registry.view().auction_zone(zone)
        with reading(registry.engine) as connection:
            found = cancellations(connection, auction, starts, licensee, source, lot)
        if not found:
            raise FileError(f"nothing that could be cancelled stands in {auction} on {day}")
        given = Reading(list(found), [f"{astana(each.start):%H:%M}" for each in found])
        _submit(registry, given, _source("cancel", document, by), by_two=False)
    except FileError as error:
        raise fail(str(error)) from None


def _submit(registry: Registry, given: Reading, source: Source, *, by_two: bool) -> None:
    office = Office(registry)
    seen = office.look(given)
    outcome = office.take(given, source, now_ms(), by_two=by_two)
    for line in told(seen.odd):
        typer.echo(f"warning:{line[1:]}", err=True)
    for difference in seen.changes:
        typer.echo(str(difference))
    if outcome.proposal is None:
        typer.echo(f"{outcome.taken} records taken (document {source.document.hex()})")
        return
    typer.echo(f"proposal {outcome.proposal}: nothing is taken until another person approves it")
    raise typer.Exit(PROPOSED)


def _starts(day: str, hours: str) -> list[int]:
    try:
        date, first_hour = astana(read_moment(day)).date(), read_layout().first_hour
        return [hour_start_ms(date, hour, first_hour) for hour in read_hours(hours)]
    except MomentError as error:
        raise FileError(f"DAY: {error}") from None
    except ValueError as error:
        raise FileError(f"--hours: {error}") from None


def _figure(option: str, text: str | None) -> Decimal | None:
    try:
        return None if text is None else read_figure(text)
    except FigureError as error:
        raise FileError(f"{option}: {error}") from None


def _source(verb: str, document: str, by: str) -> Source:
    path = Path(document)
    if _SHA256.fullmatch(document):
        return Source(f"esep registry {verb}", bytes.fromhex(document), by)
    try:
        return Source(path.name, hashlib.sha256(path.read_bytes()).digest(), by)
    except OSError as error:
        told_ = f"--document: {document}: cannot be read: {error.strerror}; give a file, or 64 hex"
        raise FileError(told_) from None
