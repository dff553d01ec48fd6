"""`esep collector intervals`: energy of quarters and hours, as it is settled."""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from collector.cli.interval_rows import OPEN, Asked, Row, exact, rows
from collector.cli.service import now_ms
from collector.intervals.closed.interval import Quality
from collector.model.delivery import day_start_ms
from collector.model.instant import astana
from collector.registry.store import Registry
from collector.registry.view import UnknownError
from collector.storage import open_database, reading

_DAY_MS = 86_400_000
_LACKING = (Quality.MISSING, OPEN)


def intervals(
    directory: Annotated[Path, typer.Argument(help="the collector's data directory")],
    meter: Annotated[list[str] | None, typer.Option(help="may be repeated; all without")] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", help="day in Astana, or time with its offset; yesterday without"),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="the same; now without")] = None,
    hours: Annotated[bool, typer.Option("--hours", help="delivery hours, not quarters")] = False,
    versions: Annotated[
        bool, typer.Option("--versions", help="what stood before, with the differences")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
    to_csv: Annotated[Path | None, typer.Option("--csv", help="write it to a file")] = None,
) -> None:
    """Energy of quarters, or hours. Exit 1 when one of the span is missing or not closed yet."""
    now = now_ms()
    start_ms = moment_of(since) if since else day_start_ms(astana(now - _DAY_MS).date())
    end_ms = moment_of(until) if until else now
    asked = Asked(start_ms, end_ms, tuple(meter or ()), hours, versions)
    engine, registry = open_register(directory)
    with reading(engine) as connection:
        try:
            found = list(rows(connection, registry.view(), asked, now))
        except (UnknownError, ValueError) as error:
            raise fail(str(error)) from None
    if unknown := set(asked.meters) - {row["meter"] for row in found}:
        raise fail(f"nothing is closed in that span of {', '.join(sorted(unknown))}")
    if to_csv is not None:
        _write_csv(to_csv, found)
    if as_json:
        typer.echo(json.dumps({"intervals": found, "sums": _sums(found)}, indent=2))
    elif to_csv is None:
        _show(found)
    if any(row["quality"] in _LACKING for row in _standing(found)):
        raise typer.Exit(1)


def moment_of(text: str) -> int:
    """Unix milliseconds of a local day's beginning, or of a time with its offset."""
    try:
        if len(text) == len("2026-11-23"):
            return day_start_ms(date.fromisoformat(text))
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise fail(f"{text!r} is no day and no time, as in 2026-11-23T14:00:00+05:00") from None
    if parsed.tzinfo is None:
        raise fail(f"{text!r} lacks its offset, as in 2026-11-23T14:00:00+05:00")
    return round(parsed.timestamp()) * 1000


def open_register(directory: Path) -> tuple[Engine, Registry]:
    try:
        engine = open_database(directory)
    except FileNotFoundError as error:
        raise fail(str(error)) from None
    return engine, Registry(engine)


def fail(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(2)


def _standing(found: Sequence[Row]) -> list[Row]:
    """The newest version of each."""
    newest = {(row["meter"], row["direction"], row["start_utc"]): row for row in found}
    return list(newest.values())


def _sums(found: Sequence[Row]) -> list[Row]:
    """By meter and direction; what is missing or not closed yet is not in them."""
    sums: dict[tuple[str, str], tuple[Fraction, Counter[str]]] = {}
    for row in _standing(found):
        energy_wh, qualities = sums.get((row["meter"], row["direction"]), (Fraction(0), Counter()))
        added = Fraction(0) if row["energy_wh"] is None else Fraction(row["energy_wh"])
        key = (row["meter"], row["direction"])
        sums[key] = (energy_wh + added, qualities + Counter([row["quality"]]))
    return [
        {"meter": meter, "direction": direction, "energy_wh": exact(energy_wh), **qualities}
        for (meter, direction), (energy_wh, qualities) in sums.items()
    ]


def _write_csv(path: Path, found: Sequence[Row]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]) if found else ["meter"])
            writer.writeheader()
            writer.writerows(found)
    except OSError as error:
        raise fail(f"--csv {path}: {error.strerror}") from None


def _show(found: Sequence[Row]) -> None:
    for row in found:
        energy = "-" if row["energy_wh"] is None else f"{_short(row['energy_wh'])} Wh"
        parts = [f"{row['meter']} {row['direction']} {row['start']} {energy:>16} {row['quality']}"]
        parts += [f"by rule {row['rules']}"] if row["rules"] else []
        parts += [f"({row['why']})"] if row["why"] else []
        parts += [f"± {row['error_wh']}"] if row["error_wh"] else []
        if row["version"] and row["version"] > 1:
            difference = row["difference_wh"]
            parts.append(f"version {row['version']}" + (f", {difference} Wh" if difference else ""))
        parts += [f"by {row['person']}: {row['reason']}"] if row["person"] else []
        typer.echo(" ".join(parts))
    for total in _sums(found):
        counts = ", ".join(
            f"{count} {name}"
            for name, count in total.items()
            if name not in ("meter", "direction", "energy_wh")
        )
        energy = _short(total["energy_wh"])
        typer.echo(f"{total['meter']} {total['direction']}: {energy} Wh; {counts}")


def _short(energy_wh: str) -> str:
    """To a thousandth; --json and --csv have it exact."""
    return str(Decimal(round(Fraction(energy_wh) * 1000)) / 1000)
