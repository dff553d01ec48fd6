"""`esep registry allocations`: what was bought, with every version of it."""

import json
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any

import typer

from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.model.instant import astana
from collector.model.moments import MomentError, moment_text, read_last_day, read_moment
from collector.model.records import Allocation
from collector.registry import entitlements
from collector.registry.allocating import standing
from collector.registry.entitlements import Version
from collector.registry.store import Registry
from collector.storage import reading

Versions = Sequence[Version[Allocation]]


def allocations(
    directory: Directory,
    licensee: Annotated[str, typer.Argument(help="the licensee's BIN")],
    zone: Annotated[str, typer.Argument(help="an auction zone, or a zone that is sold in one")],
    day: Annotated[str, typer.Argument(help="the delivery day in Astana, 2026-11-23")],
    known: Annotated[
        str | None, typer.Option(help="as known then: 2026-11-23 14:00 in Astana")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a licensee bought for a day's periods, with every version and its document."""
    engine = open_directory(directory)
    try:
        start_ms, end_ms = read_moment(day), read_last_day(day)
        known_ms = None if known is None else read_moment(known)
    except MomentError as error:
        raise fail(str(error)) from None
    zone = Registry(engine).view_known(known_ms).auction_zone(zone)
    with reading(engine) as connection:
        found = entitlements.history(connection, licensee, zone, start_ms, end_ms, known_ms)
    stands = standing(found)
    if as_json:
        told = {"licensee": licensee, "zone": zone, "day": day, "known_ms": known_ms}
        periods = [_as_dict(versions, stands) for versions in _by_period(found)]
        typer.echo(json.dumps(told | {"periods": periods}, indent=2))
        return
    if not found:
        typer.echo(f"nothing is known to be bought by {licensee} in {zone} on {day}")
    for versions in _by_period(found):
        typer.echo(f"{_start(versions)}: {_allowed_mwh(versions, stands):f} MWh")
        for version in versions:
            typer.echo(f"  {_line(version, stands)}")


def _by_period(found: Versions) -> list[list[Version[Allocation]]]:
    return [list(group) for _, group in groupby(found, key=lambda each: each.record.start)]


def _start(versions: Versions) -> str:
    return astana(versions[0].record.start).strftime("%Y-%m-%d %H:%M:%S")


def _allowed_mwh(versions: Versions, stands: set[int]) -> Decimal:
    energies = (each.record.energy_mwh for each in versions if each.id in stands)
    return sum(energies, Decimal(0))


def _line(version: Version[Allocation], stands: set[int]) -> str:
    record = version.record
    parts = [
        "stands  " if version.id in stands else "replaced",
        f"version {version.id}, {moment_text(version.recorded_ms)}:",
        f"{record.source} lot {record.lot}, {record.energy_mwh:f} MWh",
    ]
    if record.price_kzt_mwh is not None:
        parts.append(f"at {record.price_kzt_mwh:f} KZT/MWh")
    if record.prepaid_kzt is not None:
        parts.append(f"prepaid {record.prepaid_kzt:f} KZT for the {record.prepaid_covers}")
    if record.cancelled:
        parts.append("cancelled")
    if version.recorded_by:
        parts.append(f"by {version.recorded_by}")
    if version.approved_by:
        parts.append(f"approved by {version.approved_by}")
    return " ".join([*parts, f"(document {version.document.hex()})"])


def _as_dict(versions: Versions, stands: set[int]) -> dict[str, Any]:
    return {
        "start_ms": versions[0].record.start,
        "start": moment_text(versions[0].record.start),
        "allowed_mwh": f"{_allowed_mwh(versions, stands):f}",
        "versions": [
            {
                "id": version.id,
                "recorded_ms": version.recorded_ms,
                "document": version.document.hex(),
                "recorded_by": version.recorded_by,
                "approved_by": version.approved_by,
                "stands": version.id in stands,
                "record": version.record.model_dump(mode="json"),
            }
            for version in versions
        ],
    }
