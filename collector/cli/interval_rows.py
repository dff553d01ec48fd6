"""Intervals as a settlement clerk reads them: in local time, exact, with what they rest on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, select

from collector.cli.report import moment
from collector.intervals.closed import edits, table
from collector.intervals.closed.edits import Edit
from collector.intervals.closed.grid import Grid
from collector.intervals.closed.hanging import ALWAYS, hung
from collector.intervals.closed.table import Register, Version
from collector.model.delivery import delivery_hour, moment_text
from collector.model.energy import EXPORT, IMPORT
from collector.model.records import Meter
from collector.registry.view import View
from collector.storage.tables import interval_energy

DIRECTIONS = {"import": IMPORT, "export": EXPORT}
OPEN = "open"
"""Not closed yet."""
_NAMES = {quantity: name for name, quantity in DIRECTIONS.items()}
_MWH = Decimal("0.001")

Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A span in which intervals begin, and of which meters; none named: all."""

    start_ms: int
    end_ms: int
    meters: tuple[str, ...] = ()
    is_hours: bool = False
    all_versions: bool = False


def rows(connection: Connection, view: View, asked: Asked, now_ms: int) -> Iterator[Row]:
    """Every interval of the span in the order of meter, direction and time."""
    grid = Grid.of(view.market)
    length_ms = grid.hour_ms if asked.is_hours else grid.quarter_ms
    sites = {serial: meter.site for serial, meter in view.all(Meter).items()}
    places = hung(view)
    for register in _registers(connection, asked.meters):
        span = (length_ms, asked.start_ms, asked.end_ms)
        found = table.of_register(connection, register, *span, all_versions=asked.all_versions)
        made = {edit.id: edit for edit in edits.of_register(connection, register)}
        by_start: dict[int, list[Version]] = {}
        for version in found:
            by_start.setdefault(version.closed.start_ms, []).append(version)
        first_ms = _first_ms(connection, register, length_ms)
        end_ms = min(asked.end_ms, now_ms - now_ms % length_ms)
        there = places.get(register[0], ALWAYS)
        common = {"meter": register[0], "site": sites.get(register[0], "")}
        common["direction"] = _NAMES[register[1]]
        starts = range(_up(max(asked.start_ms, first_ms), length_ms), end_ms, length_ms)
        for start_ms in sorted({*by_start, *starts}):
            when = _when(start_ms, length_ms)
            if start_ms in by_start:
                for row in _versions(by_start[start_ms], made):
                    yield common | when | row
            elif there.part(start_ms, start_ms + length_ms):
                yield common | when | dict.fromkeys(_COLUMNS) | {"quality": OPEN}


def exact(value: Fraction | None) -> str | None:
    """As a decimal where it is one."""
    if value is None:
        return None
    places = 0
    while 10**places % value.denominator:
        places += 1
        if places > value.denominator.bit_length():
            return str(value)
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    sign = "-" * (value < 0)
    return sign + digits[: len(digits) - places] + ("." + digits[-places:] if places else "")


_COLUMNS = (
    "energy_wh",
    "count",
    "quantum_wh",
    "error_wh",
    "quality",
    "rules",
    "rules_sha256",
    "why",
    "version",
    "difference_wh",
    "start_position",
    "end_position",
    "edit",
    "person",
    "reason",
    "closed_utc",
)


def _versions(found: list[Version], made: Mapping[int, Edit]) -> Iterator[Row]:
    before: Fraction | None = None
    for version in found:
        closed = version.closed
        energy, edit = closed.energy, made.get(closed.edit or 0)
        is_known = before is not None and closed.energy_wh is not None
        difference = (closed.energy_wh or 0) - (before or 0) if is_known else None
        values = (
            exact(closed.energy_wh),
            None if energy is None else energy.count,
            None if energy is None else exact(energy.quantum),
            _bound(closed.error_wh),
            closed.quality,
            ",".join(str(number) for number in closed.rules),
            None if version.rules_sha256 is None else version.rules_sha256.hex(),
            ",".join(closed.why),
            version.number,
            exact(None if difference is None else Fraction(difference)),
            closed.start_position,
            closed.end_position,
            closed.edit,
            None if edit is None else edit.person,
            None if edit is None else edit.reason,
            moment(version.closed_ms),
        )
        yield dict(zip(_COLUMNS, values, strict=True))
        before = closed.energy_wh


def _bound(error_wh: Fraction | None) -> str | None:
    """Rounded up to a thousandth: it bounds."""
    if error_wh is None:
        return None
    thousandths = -((-error_wh.numerator * 1000) // error_wh.denominator)
    return str((Decimal(thousandths) * _MWH).quantize(_MWH, ROUND_CEILING))


def _when(start_ms: int, length_ms: int) -> Row:
    hour = delivery_hour(start_ms)
    return {
        "start": moment_text(start_ms),
        "end": moment_text(start_ms + length_ms),
        "start_utc": moment(start_ms),
        "delivery_day": hour.day.isoformat(),
        "delivery_hour": hour.number,
    }


def _registers(connection: Connection, meters: tuple[str, ...]) -> list[Register]:
    columns = interval_energy.c
    query = select(columns.meter, columns.quantity).distinct()
    if meters:
        query = query.where(columns.meter.in_(meters))
    found = [(row[0], row[1]) for row in connection.execute(query)]
    return sorted(found, key=lambda register: (register[0], register[1] != IMPORT))


def _first_ms(connection: Connection, register: Register, length_ms: int) -> int:
    columns = interval_energy.c
    query = select(columns.start_ms).where(
        columns.meter == register[0],
        columns.quantity == register[1],
        columns.length_ms == length_ms,
    )
    return connection.scalar(query.order_by(columns.start_ms).limit(1)) or 0


def _up(at_ms: int, length_ms: int) -> int:
    return -(-at_ms // length_ms) * length_ms
