"""Edits by hand: by a named person, with a reason, and undone only by another one of both.

No person overrides a register: an edit stands where registers do not know, and until they do.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, insert, select

from collector.intervals import due
from collector.intervals.closed import table
from collector.intervals.closed.grid import Grid
from collector.intervals.closed.interval import ClosedInterval, Quality
from collector.intervals.closed.table import Register
from collector.model.energy import counted
from collector.storage.tables import interval_edit as edit_table

_STORED = range(2**63)


class EditError(ValueError):
    """It cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`energy_wh` is None for one that undoes another."""

    id: int
    register: Register
    start_ms: int
    energy_wh: Decimal | None
    error_wh: Decimal | None
    undoes: int | None
    person: str
    reason: str
    made_ms: int

    def apply(self, closed: ClosedInterval) -> ClosedInterval:
        """The interval with this energy, where registers do not know it."""
        if closed.quality.is_by_registers or self.energy_wh is None:
            return closed
        return replace(
            closed,
            energy=counted(Fraction(self.energy_wh), _step(self.energy_wh)),
            error_wh=None if self.error_wh is None else Fraction(self.error_wh),
            quality=Quality.EDITED,
            rules=(),
            is_by_days=False,
            edit=self.id,
        )


@dataclass(frozen=True, slots=True)
class Author:
    person: str
    reason: str

    def __post_init__(self) -> None:
        if not self.person.strip() or not self.reason.strip():
            raise EditError("an edit needs the name of a person and a reason")


def make(
    connection: Connection,
    grid: Grid,
    register: Register,
    start_ms: int,
    energy_wh: Decimal,
    error_wh: Decimal | None,
    author: Author,
    now_ms: int,
) -> int:
    """Keep an edit of a quarter, which is then closed again; return its number."""
    stands = _stands(connection, grid, register, start_ms)
    if stands.quality.is_by_registers:
        raise EditError(f"it is {stands.quality}: no person overrides a register")
    for given in (energy_wh, error_wh):
        if given is not None and not (given.is_finite() and given >= 0):
            raise EditError(f"{given} is no energy")
    if counted(Fraction(energy_wh), _step(energy_wh)).count not in _STORED:
        raise EditError(f"{energy_wh} Wh are more than can be kept")
    row = {
        "energy_wh": str(energy_wh),
        "error_wh": None if error_wh is None else str(error_wh),
        "undoes": None,
    }
    return _keep(connection, grid, register, start_ms, author, now_ms, row)


def undo(connection: Connection, grid: Grid, edit: int, author: Author, now_ms: int) -> int:
    """Keep that an edit holds no more; the one before it holds again, or the rules do."""
    known = connection.execute(select(edit_table).where(edit_table.c.id == edit)).first()
    if known is None or known.undoes is not None:
        raise EditError(f"there is no edit {edit}")
    undone = select(edit_table.c.id).where(edit_table.c.undoes == edit)
    if connection.scalar(undone) is not None:
        raise EditError(f"edit {edit} is undone already")
    row = {"energy_wh": None, "error_wh": None, "undoes": edit}
    register = (known.meter, known.quantity)
    return _keep(connection, grid, register, known.start_ms, author, now_ms, row)


def of_register(connection: Connection, register: Register) -> list[Edit]:
    """Every edit and undoing, oldest first."""
    return _read(connection, [register[0]]).get(register, [])


def in_force(connection: Connection, meters: Collection[str]) -> dict[Register, dict[int, Edit]]:
    """The newest that is not undone, by the quarter's start."""
    found: dict[Register, dict[int, Edit]] = {}
    for register, made in _read(connection, meters).items():
        undone = {edit.undoes for edit in made}
        held = {edit.start_ms: edit for edit in made if edit.id not in undone and not edit.undoes}
        found[register] = held
    return found


def _stands(
    connection: Connection, grid: Grid, register: Register, start_ms: int
) -> ClosedInterval:
    if not grid.is_boundary(start_ms):
        raise EditError("no quarter begins at that moment; hours are the sums of their quarters")
    length_ms = grid.quarter_ms
    found = table.of_register(connection, register, length_ms, start_ms, start_ms + 1)
    if not found:
        raise EditError("that quarter of that meter is not closed")
    return found[-1].closed


def _keep(
    connection: Connection,
    grid: Grid,
    register: Register,
    start_ms: int,
    author: Author,
    now_ms: int,
    row: dict[str, Any],
) -> int:
    common = {"meter": register[0], "quantity": register[1], "start_ms": start_ms}
    common |= {"person": author.person, "reason": author.reason, "made_ms": now_ms}
    made = connection.execute(insert(edit_table).values(common | row).returning(edit_table.c.id))
    number: int = made.scalar_one()
    due.mark(connection, {(*register, start_ms + grid.quarter_ms)}, due.SETTLED)
    return number


def _read(connection: Connection, meters: Collection[str]) -> dict[Register, list[Edit]]:
    query = select(edit_table).where(edit_table.c.meter.in_(meters)).order_by(edit_table.c.id)
    found: dict[Register, list[Edit]] = {}
    for row in connection.execute(query):
        found.setdefault((row.meter, row.quantity), []).append(_edit(row))
    return found


def _edit(row: Any) -> Edit:
    return Edit(
        row.id,
        (row.meter, row.quantity),
        row.start_ms,
        None if row.energy_wh is None else Decimal(row.energy_wh),
        None if row.error_wh is None else Decimal(row.error_wh),
        row.undoes,
        row.person,
        row.reason,
        row.made_ms,
    )


def _step(energy_wh: Decimal) -> Fraction:
    """The last digit that was given."""
    exponent = energy_wh.as_tuple().exponent
    return Fraction(1, 10 ** max(0, -exponent)) if isinstance(exponent, int) else Fraction(1)
