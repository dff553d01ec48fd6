"""Energy of a meter between two moments, from its snapshots."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Select, select

from collector.storage.tables import snapshot as table

IMPORT = "active_energy_import"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A register as it stood; `position` is the ledger entry it rests on."""

    at_ms: int
    energy_wh: Fraction
    quantum_wh: Fraction
    position: int


@dataclass(frozen=True, slots=True)
class MeteredEnergy:
    """Exact: the difference of two snapshots."""

    start: Snapshot
    end: Snapshot

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
    return MeteredEnergy(start, end)


def _snapshots(meter: str, quantity: str) -> Select[Any]:
    columns = (table.c.at_ms, table.c.count, table.c.quantum, table.c.position)
    return select(*columns).where(table.c.meter == meter, table.c.quantity == quantity)


def _one(connection: Connection, query: Select[Any]) -> Snapshot | None:
    row = connection.execute(query).first()
    if row is None:
        return None
    at_ms, count, quantum, position = row
    quantum_wh = Fraction(quantum)
    return Snapshot(at_ms, count * quantum_wh, quantum_wh, position)
