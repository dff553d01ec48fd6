"""Energy of many meters in a running period, asked for again and again."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, select

from collector.intervals.energy import Snapshot, energy_since, energy_until
from collector.intervals.many import in_parts, seen_otherwise
from collector.intervals.snapshots import is_standing, snapshots_of_many
from collector.model.energy import IMPORT
from collector.storage.tables import snapshot as table

_Rows = tuple[tuple[Any, ...], ...]
_KNOWN_BY = [
    table.c[name]
    for name in ("at_ms", "position", "count", "offset_ms", "clock_error_ms", "quantum", "ratio")
]


@dataclass(frozen=True, slots=True)
class _Known:
    """A meter's snapshots since a boundary, and the energy to the last of them."""

    rows: _Rows
    snapshots: tuple[Snapshot, ...]
    energy_wh: Fraction | None


@dataclass(frozen=True, slots=True)
class Used:
    """Energy since the boundary, and the step of the register, in Wh."""

    energy_wh: Fraction
    quantum_wh: Fraction


class RunningPeriod:
    """Remembers each meter's energy up to its last snapshot, as long as its rows are the same."""

    def __init__(self) -> None:
        self._start_ms = -1
        self._known: dict[str, _Known] = {}
        self._eventful: set[str] = set()

    def look(
        self, connection: Connection, meters: Collection[str], start_ms: int, until_ms: int
    ) -> None:
        """See what is new of these meters, whose period began at `start_ms`."""
        if start_ms != self._start_ms:
            self._start_ms, self._known = start_ms, {}
        self._eventful = set()
        for part in in_parts(meters):
            self._eventful |= seen_otherwise(connection, part)
            plain = [meter for meter in part if meter not in self._eventful]
            found = _rows(connection, plain, start_ms, max(until_ms, start_ms))
            changed = [
                meter
                for meter in plain
                if meter not in self._known or self._known[meter].rows != found.get(meter, ())
            ]
            if changed:
                until = max(until_ms, start_ms)
                snapshots = snapshots_of_many(connection, changed, start_ms, until)
                for meter in changed:
                    stops = snapshots.get((meter, IMPORT), [])
                    self._known[meter] = _known(found.get(meter, ()), stops, start_ms)

    def used(
        self, connection: Connection, meter: str, at_ms: int, import_wh: Fraction
    ) -> Used | None:
        """Until the register was read at a moment; None when it is not known."""
        known = None if meter in self._eventful else self._known.get(meter)
        if known is None:
            return used_until(connection, meter, self._start_ms, at_ms, import_wh)
        if not known.snapshots:
            return None
        first, last = known.snapshots[0], known.snapshots[-1]
        if first.at_ms != self._start_ms or last.read_ms >= at_ms or known.energy_wh is None:
            energy_wh = energy_since(known.snapshots, self._start_ms, at_ms, import_wh)
        else:
            since_wh = energy_since((last,), last.at_ms, at_ms, import_wh)
            energy_wh = None if since_wh is None else known.energy_wh + since_wh
        return None if energy_wh is None else Used(energy_wh, first.quantum_wh)


def used_until(
    connection: Connection, meter: str, start_ms: int, at_ms: int, import_wh: Fraction
) -> Used | None:
    """The same of one meter, without remembering."""
    found = snapshots_of_many(connection, [meter], start_ms, start_ms).get((meter, IMPORT))
    energy_wh = energy_until(connection, meter, start_ms, at_ms, import_wh)
    return None if energy_wh is None or not found else Used(energy_wh, found[0].quantum_wh)


def _rows(
    connection: Connection, meters: Iterable[str], start_ms: int, until_ms: int
) -> dict[str, _Rows]:
    query = select(table.c.meter, *_KNOWN_BY).where(
        table.c.meter.in_(list(meters)),
        table.c.quantity == IMPORT,
        table.c.at_ms.between(start_ms, until_ms),
        is_standing(),
    )
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in connection.execute(query.order_by(table.c.at_ms, table.c.position)).all():
        found.setdefault(row[0], []).append(tuple(row[1:]))
    return {meter: tuple(rows) for meter, rows in found.items()}


def _known(rows: _Rows, stops: Iterable[Snapshot], start_ms: int) -> _Known:
    snapshots = tuple(stops)
    energy_wh = None
    if snapshots and snapshots[0].at_ms == start_ms:
        last = snapshots[-1]
        energy_wh = energy_since(snapshots[:-1], start_ms, last.read_ms, last.energy_wh)
        if len(snapshots) == 1:
            energy_wh = Fraction(0)
    return _Known(rows, snapshots, energy_wh)
