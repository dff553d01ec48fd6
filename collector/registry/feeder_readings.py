"""Energy at feeders as the operator's substations metered it: files taken in, kept as versions."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, get_args

from sqlalchemy import Connection, insert, select

from collector.registry.named_rows import (
    CellError,
    FileFaults,
    NamedRow,
    NamedRows,
    figure,
    moment,
)
from collector.registry.sheets import SheetError, read_sheet
from collector.storage.tables import feeder_energy as table

Point = Literal["head", "consumers"]
"""`consumers`: all on the feeder who are neither a licensed site nor a child feeder."""
Label = Literal["start", "end"]
_LENGTHS_MIN = (15, 30, 60)
_MINUTE_MS = 60_000
_WH_PER_KWH = 1000
_MOST_KWH = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class FeederEnergy:
    """`power_factor_permille` None: not known."""

    feeder: str
    point: Point
    start_ms: int
    length_ms: int
    energy_wh: Fraction
    power_factor_permille: int | None = None
    document: bytes = b""
    version: int = 0

    @property
    def said(self) -> tuple[Any, ...]:
        return (self.length_ms, self.energy_wh, self.power_factor_permille)


@dataclass(frozen=True)
class Taken:
    """What a file added: new rows, rows that correct earlier ones, rows that said the same."""

    new: int
    corrected: int
    same: int
    document: bytes
    notes: tuple[str, ...]


def read_file(
    content: bytes,
    feeders: Collection[str] | None,
    label: Label = "start",
    encoding: str | None = None,
) -> tuple[list[FeederEnergy], tuple[str, ...]]:
    """Every row, or SheetError, or FileFaults with every fault. `feeders` None: any name.

    Columns: feeder, time, energy_kwh; there may be point, power_factor, minutes. `label` says
    whether a row's time is when its quarter began or ended.
    """
    sheet = read_sheet(content, encoding=encoding)
    rows = NamedRows(sheet, ("feeder", "time", "energy_kwh"), ("point", "power_factor", "minutes"))
    found: dict[tuple[str, str, int], tuple[FeederEnergy, int]] = {}
    faults: list[str] = []
    document = hashlib.sha256(content).digest()
    for row in rows:
        energy = _energy(row, feeders, label, document, faults)
        if energy is None:
            continue
        key = (energy.feeder, energy.point, energy.start_ms)
        if key in found:
            faults.append(
                f"{row.place('time')}: that time of {energy.feeder} stands in row {found[key][1]}"
                " already; leave one of them"
            )
        found[key] = (energy, row.row.number)
    if faults:
        raise FileFaults(faults)
    if not found:
        raise SheetError("there is no row below the names of the columns")
    return [energy for energy, _ in found.values()], (*sheet.notes, *rows.notes)


def take(
    connection: Connection, energies: Iterable[FeederEnergy], notes: tuple[str, ...], now_ms: int
) -> Taken:
    """Keep what is new as the next versions, within the caller's transaction."""
    given = list(energies)
    stands = _standing(connection, given)
    rows, new, same = [], 0, 0
    for energy in given:
        known = stands.get((energy.feeder, energy.point, energy.start_ms))
        if known is not None and known.said == energy.said:
            same += 1
            continue
        new += known is None
        rows.append(_row(energy, 1 if known is None else known.version + 1, now_ms))
    if rows:
        connection.execute(insert(table), rows)
    document = given[0].document if given else b""
    return Taken(new, len(rows) - new, same, document, notes)


def energies(
    connection: Connection,
    feeder: str,
    point: Point,
    start_ms: int,
    end_ms: int,
    known_ms: int | None = None,
) -> list[FeederEnergy]:
    """Those that begin within a span, as known on a moment (None: now), in order of time."""
    query = select(table).where(
        table.c.feeder == feeder,
        table.c.point == point,
        table.c.start_ms >= start_ms,
        table.c.start_ms < end_ms,
    )
    if known_ms is not None:
        query = query.where(table.c.recorded_ms <= known_ms)
    last: dict[int, FeederEnergy] = {}
    for row in connection.execute(query.order_by(table.c.start_ms, table.c.version)):
        last[row.start_ms] = _of(row)
    return list(last.values())


def _energy(
    row: NamedRow,
    feeders: Collection[str] | None,
    label: Label,
    document: bytes,
    faults: list[str],
) -> FeederEnergy | None:
    before = len(faults)

    def cell(name: str, read: Any, default: Any = None) -> Any:
        text = row.text(name)
        if not text and default is not None:
            return default
        try:
            return read(text)
        except CellError as error:
            faults.append(f"{row.place(name)} ({name}): {error}")
            return None

    feeder = cell("feeder", lambda text: _named(text, feeders))
    at_ms = cell("time", moment)
    energy_kwh = cell("energy_kwh", _kwh)
    point = cell("point", _point, "head")
    minutes = cell("minutes", _minutes, 15)
    factor = cell("power_factor", _factor) if row.text("power_factor") else None
    if at_ms is not None and minutes is not None and at_ms % (minutes * _MINUTE_MS):
        faults.append(f"{row.place('time')} (time): no {minutes} minutes begin or end then")
    if len(faults) > before:
        return None
    length_ms = minutes * _MINUTE_MS
    start_ms = at_ms if label == "start" else at_ms - length_ms
    energy_wh = Fraction(energy_kwh) * _WH_PER_KWH
    return FeederEnergy(feeder, point, start_ms, length_ms, energy_wh, factor, document)


def _named(text: str, feeders: Collection[str] | None) -> str:
    if not text:
        raise CellError("it is empty; the name of a feeder is needed")
    if feeders is not None and text not in feeders:
        known = ", ".join(sorted(feeders)[:5]) or "none"
        raise CellError(f"the register holds no feeder {text!r}; it holds {known}")
    return text


def _kwh(text: str) -> Decimal:
    found = figure(text)
    if not 0 <= found < _MOST_KWH:
        raise CellError(f"{text!r} is no energy of a quarter; kWh, from zero on")
    return found


def _point(text: str) -> str:
    if text not in get_args(Point):
        raise CellError(f"{text!r} is no point; right would be head or consumers")
    return text


def _minutes(text: str) -> int:
    if text not in [str(each) for each in _LENGTHS_MIN]:
        raise CellError(f"{text!r}: right would be 15, 30 or 60")
    return int(text)


def _factor(text: str) -> int:
    found = figure(text)
    if not 0 <= found <= 1:
        raise CellError(f"{text!r} is no power factor; from 0 to 1")
    return round(found * 1000)


def _standing(
    connection: Connection, given: Collection[FeederEnergy]
) -> dict[tuple[str, str, int], FeederEnergy]:
    found = {}
    spans: dict[tuple[str, Point], list[int]] = {}
    for energy in given:
        spans.setdefault((energy.feeder, energy.point), []).append(energy.start_ms)
    for (feeder, point), starts in spans.items():
        for known in energies(connection, feeder, point, min(starts), max(starts) + 1):
            found[feeder, str(point), known.start_ms] = known
    return found


def _row(energy: FeederEnergy, version: int, now_ms: int) -> dict[str, Any]:
    return {
        "feeder": energy.feeder,
        "point": energy.point,
        "start_ms": energy.start_ms,
        "version": version,
        "length_ms": energy.length_ms,
        "energy_wh": str(energy.energy_wh),
        "power_factor_permille": energy.power_factor_permille,
        "document": energy.document,
        "recorded_ms": now_ms,
    }


def _of(row: Any) -> FeederEnergy:
    return FeederEnergy(
        row.feeder,
        row.point,
        row.start_ms,
        row.length_ms,
        Fraction(row.energy_wh),
        row.power_factor_permille,
        row.document,
        row.version,
    )
