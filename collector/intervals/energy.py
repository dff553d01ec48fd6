"""Energy of a meter between two moments, from its snapshots."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Select, select

from collector.model.energy import IMPORT
from collector.storage.tables import snapshot as table

IN_TIME_MS = 2_000
"""Nearer to its boundary a snapshot stands for it; over 2 s is flagged. A gateway's clock may be
as far behind before it is set (docs/wire-format.md)."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A register as it stood at `at_ms` + `offset_ms`; `position` is its ledger entry."""

    at_ms: int
    energy_wh: Fraction
    quantum_wh: Fraction
    position: int
    offset_ms: int = 0

    @property
    def read_ms(self) -> int:
        return self.at_ms + self.offset_ms


@dataclass(frozen=True, slots=True)
class MeteredEnergy:
    """The difference of two snapshots, exact but for `error_wh`, which is for late readings."""

    start: Snapshot
    end: Snapshot
    error_wh: Fraction = Fraction(0)

    @property
    def energy_wh(self) -> Fraction:
        return self.end.energy_wh - self.start.energy_wh


def snapshot_at(
    connection: Connection, meter: str, at_ms: int, quantity: str = IMPORT
) -> Snapshot | None:
    query = _snapshots(meter, quantity).where(table.c.at_ms == at_ms)
    return _one(connection, query)


def first_snapshot(connection: Connection, meter: str, quantity: str = IMPORT) -> Snapshot | None:
    return _one(connection, _snapshots(meter, quantity).order_by(table.c.at_ms).limit(1))


def last_snapshot(
    connection: Connection, meter: str, before_ms: int | None = None, quantity: str = IMPORT
) -> Snapshot | None:
    """The newest snapshot, or the newest at or before a moment."""
    query = _snapshots(meter, quantity).order_by(table.c.at_ms.desc()).limit(1)
    if before_ms is not None:
        query = query.where(table.c.at_ms <= before_ms)
    return _one(connection, query)


def energy_between(
    connection: Connection, meter: str, start_ms: int, end_ms: int
) -> MeteredEnergy | None:
    """Imported energy between two boundaries; None while either snapshot is missing.

    None too when the register went back: a rollover or another instrument measured nothing here.
    """
    start = snapshot_at(connection, meter, start_ms)
    end = snapshot_at(connection, meter, end_ms)
    if start is None or end is None or end.energy_wh < start.energy_wh:
        return None
    error_wh = sum(
        (
            boundary_error_wh(snapshot, _neighbours(connection, meter, snapshot.at_ms))
            for snapshot in (start, end)
            if abs(snapshot.offset_ms) > IN_TIME_MS
        ),
        Fraction(0),
    )
    return MeteredEnergy(start, end, error_wh)


def boundary_error_wh(snapshot: Snapshot, neighbours: Iterable[Snapshot]) -> Fraction:
    """Energy that may stand on the wrong side of a boundary that was not read in time.

    The mean power from the first to the last of the snapshots, over the offset.
    """
    if abs(snapshot.offset_ms) <= IN_TIME_MS:
        return Fraction(0)
    known = sorted((snapshot, *neighbours), key=lambda entry: entry.at_ms)
    moved_wh = abs(known[-1].energy_wh - known[0].energy_wh)
    offset_ms = abs(snapshot.offset_ms)
    return moved_wh * offset_ms / max(known[-1].read_ms - known[0].read_ms, offset_ms)


def _neighbours(connection: Connection, meter: str, at_ms: int) -> list[Snapshot]:
    """The snapshots before and after a moment, where there are any."""
    query = _snapshots(meter, IMPORT).where(table.c.at_ms > at_ms).order_by(table.c.at_ms).limit(1)
    around = (last_snapshot(connection, meter, at_ms - 1), _one(connection, query))
    return [snapshot for snapshot in around if snapshot is not None]


def _snapshots(meter: str, quantity: str) -> Select[Any]:
    columns = (table.c.at_ms, table.c.count, table.c.quantum, table.c.position, table.c.offset_ms)
    return select(*columns).where(table.c.meter == meter, table.c.quantity == quantity)


def _one(connection: Connection, query: Select[Any]) -> Snapshot | None:
    row = connection.execute(query).first()
    if row is None:
        return None
    at_ms, count, quantum, position, offset_ms = row
    quantum_wh = Fraction(quantum)
    return Snapshot(at_ms, count * quantum_wh, quantum_wh, position, offset_ms)
