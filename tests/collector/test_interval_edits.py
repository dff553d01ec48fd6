"""Edits by hand: by a named person, with a reason, never over a register; and undone."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from interval_world import EDITED, HOUR_MS, LATE_MS, MEASURED, MISSING, Table, at
from meter_world import METER

from collector.intervals.closed import edits
from collector.intervals.closed.edits import Author, EditError
from collector.intervals.closed.grid import Grid
from collector.model.energy import IMPORT
from collector.storage import reading

AUTHOR = Author("A. Bekova", "act 17 of the exchange")
REGISTER = (METER, IMPORT)


@pytest.fixture
def meter(tmp_path: Path) -> Table:
    """The third quarter of an hour is missing."""
    table = Table.make(tmp_path)
    table.lay_down({at(0): 0, at(1): 100, at(2): 200, at(3): 50, at(4): 150})
    table.settle(at(4))
    assert table.energies()[2] == (MISSING, None)
    return table


def grid(meter: Table) -> Grid:
    return Grid.of(meter.world.registry.view().market)


def edit(meter: Table, energy_wh: str, start_ms: int = at(2), author: Author = AUTHOR) -> int:
    with meter.world.engine.begin() as connection:
        return edits.make(
            connection, grid(meter), REGISTER, start_ms, Decimal(energy_wh), None, author, at(5)
        )


def undo(meter: Table, number: int) -> None:
    with meter.world.engine.begin() as connection:
        edits.undo(connection, grid(meter), number, AUTHOR, at(6))


def test_an_edit_is_a_version_and_names_who_made_it(meter: Table) -> None:
    number = edit(meter, "120.5")
    meter.close(at(5))
    found = meter.stands()[2]
    assert (found.quality, found.energy_wh, found.edit) == (EDITED, Fraction("120.5"), number)
    hour = meter.stands(HOUR_MS)[0]
    assert (hour.quality, hour.energy_wh, hour.error_wh) == (EDITED, Fraction("420.5"), None)
    with reading(meter.world.engine) as connection:
        [kept] = edits.of_register(connection, REGISTER)
    assert (kept.person, kept.reason) == (AUTHOR.person, AUTHOR.reason)


def test_an_edit_that_is_undone_is_kept_and_what_stood_before_stands_again(meter: Table) -> None:
    first, second = edit(meter, "120"), edit(meter, "130")
    meter.close(at(5))
    assert meter.energies()[2] == (EDITED, 130)
    undo(meter, second)
    meter.close(at(6))
    assert meter.energies()[2] == (EDITED, 120)
    undo(meter, first)
    meter.close(at(7))
    assert meter.energies()[2] == (MISSING, None)
    history = [version for version in meter.versions() if version.closed.start_ms == at(2)]
    assert [version.closed.energy_wh for version in history] == [None, 130, 120, None]
    assert [version.number for version in history] == [1, 2, 3, 4]
    with reading(meter.world.engine) as connection:
        assert [each.undoes for each in edits.of_register(connection, REGISTER)] == [
            None,
            None,
            second,
            first,
        ]


def test_a_register_that_comes_later_overrides_an_edit(tmp_path: Path) -> None:
    meter = Table.make(tmp_path)
    meter.lay_down({at(0): 0, at(1): 100})
    meter.settle(at(2))
    edit(meter, "7", at(1))
    meter.close(at(2) + 2 * LATE_MS)
    assert meter.energies()[1] == (EDITED, 7)
    meter.lay_down({at(2): 180})
    meter.close(at(3))
    assert meter.energies()[1] == (MEASURED, 80)


@pytest.mark.parametrize(
    ("energy_wh", "start_ms", "text"),
    [
        ("5", at(0), "no person overrides a register"),
        ("5", at(40), "not closed"),
        ("5", at(2) + 1, "no quarter begins"),
        ("-5", at(2), "no energy"),
        ("NaN", at(2), "no energy"),
        ("1e40", at(2), "more than can be kept"),
    ],
)
def test_what_cannot_be_edited(meter: Table, energy_wh: str, start_ms: int, text: str) -> None:
    with pytest.raises(EditError, match=text):
        edit(meter, energy_wh, start_ms)
    with reading(meter.world.engine) as connection:
        assert edits.of_register(connection, REGISTER) == []


def test_an_edit_needs_a_name_and_a_reason() -> None:
    for person, reason in ((" ", "a reason"), ("a name", "")):
        with pytest.raises(EditError, match="name of a person and a reason"):
            Author(person, reason)


def test_an_edit_is_undone_once_and_an_undoing_never(meter: Table) -> None:
    number = edit(meter, "1")
    undo(meter, number)
    for wrong, text in ((number, "undone already"), (number + 1, "no edit"), (99, "no edit")):
        with pytest.raises(EditError, match=text):
            undo(meter, wrong)
