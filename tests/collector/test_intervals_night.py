"""The night in which Kazakhstan's clocks were put back: energy is counted in UTC, and is whole."""

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from interval_world import HOUR_MS, MEASURED, QUARTER_MS, Table

from collector.cli.interval_rows import Asked, rows
from collector.intervals.closed.interval import ClosedInterval
from collector.model.delivery import day_start_ms, delivery_hours
from collector.storage import reading

THE_NIGHT_MS = round(datetime(2024, 2, 29, 18, tzinfo=UTC).timestamp()) * 1000
DAY = datetime(2024, 2, 29, tzinfo=UTC).date()


def test_the_day_of_25_hours_is_measured_whole(tmp_path: Path) -> None:
    meter = Table.make(tmp_path)
    start_ms, end_ms = day_start_ms(DAY), THE_NIGHT_MS + HOUR_MS
    moments = range(start_ms, end_ms + 1, QUARTER_MS)
    meter.lay_down({at_ms: 100 * number for number, at_ms in enumerate(moments)})
    meter.settle(end_ms)
    hours = {closed.start_ms: closed for closed in meter.stands(HOUR_MS).values()}
    quarters: dict[int, ClosedInterval] = {
        closed.start_ms: closed for closed in meter.stands().values()
    }
    assert [hours[hour.start_ms].energy_wh for hour in delivery_hours(DAY)] == [400] * 25
    across = quarters[THE_NIGHT_MS - QUARTER_MS]
    assert (across.quality, across.energy_wh, across.end_ms) == (
        MEASURED,
        Fraction(100),
        THE_NIGHT_MS,
    )
    asked = Asked(start_ms, end_ms, is_hours=True)
    with reading(meter.world.engine) as connection:
        shown = list(rows(connection, meter.world.registry.view(), asked, end_ms))
    assert [row["delivery_hour"] for row in shown] == list(range(1, 26))
    assert {row["delivery_day"] for row in shown} == {"2024-02-29"}
    assert [row["start"][11:] for row in shown[-2:]] == ["23:00:00+06:00", "23:00:00+05:00"]
    assert sum(Fraction(row["energy_wh"]) for row in shown) == 10_000
