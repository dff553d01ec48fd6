"""Closed periods are closed again when the register or the data say otherwise: as versions."""

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from checks_control import LATE_MS, Control
from collector_world import BIN, NOW_MS, SITE, ZONE, allocation, meter_record
from finding_words import check_words
from sqlalchemy import select

from collector.checks import findings, periods
from collector.checks.allocation import PeriodOutcome, PeriodResult
from collector.checks.codes import Code
from collector.intervals import due
from collector.model.energy import EXPORT, IMPORT
from collector.model.records import (
    DeliveryPoint,
    LossFactor,
    Meter,
    PermittedHours,
    Quota,
    Record,
    Site,
    Span,
    Tolerance,
    Zone,
)
from collector.orders import rules
from collector.storage import reading
from collector.storage.tables import boundary_changed, period_due, period_result

DOCUMENT = "00" * 32


@pytest.fixture
def closed(control: Control) -> tuple[Control, int, int]:
    """A period in breach: 110 Wh drawn of 100."""
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0001")
    control.register(start, "5000")
    control.register(end, "5110")
    [result] = control.run(end)
    assert (result.outcome, result.version) == (PeriodOutcome.BREACH, 1)
    return control, start, end


def record(control: Control, *records: Record, at_ms: int = NOW_MS) -> None:
    control.world.registry.record(records, bytes(32), at_ms)


def bodies(control: Control, start_ms: int) -> list[dict[str, Any]]:
    """Every closing of a period, the first first."""
    query = select(period_result.c.body).where(period_result.c.start_ms == start_ms)
    with reading(control.world.engine) as connection:
        found = connection.scalars(query.order_by(period_result.c.version))
        return [json.loads(body) for body in found]


def factor(line: str, from_ms: int, until_ms: int | None = None) -> LossFactor:
    return LossFactor(
        meter="feeder",
        line=Decimal(line),
        valid_from=from_ms,
        valid_until=until_ms,
        document_sha256=DOCUMENT,
        example=True,
    )


def tolerance(permille: int, from_ms: int = 0) -> Tolerance:
    return Tolerance(
        permille=permille,
        valid_from=from_ms,
        title="Example",
        document_sha256=DOCUMENT,
        example=True,
    )


def test_a_revision_after_the_hour_closes_it_anew_and_says_what_differs(
    closed: tuple[Control, int, int],
) -> None:
    control, start, end = closed
    control.allow(start, "0.0002")
    [result] = control.run(end + 1)
    assert result.outcome == "within"
    assert result.allowed_wh == 200
    assert result.version == 2
    first, second = bodies(control, start)
    assert (first["outcome"], "differs" in first) == ("breach", False)
    assert first["versions"]["allocation"] != second["versions"]["allocation"]
    assert second["differs"]["allowed_wh"] == ["100", "200"]
    assert second["differs"]["outcome"] == ["breach", "within"]
    assert "versions.allocation" in second["differs"]
    control.run(end + 2)
    assert len(bodies(control, start)) == 2  # once


def test_a_breach_that_is_none_any_more_calls_for_no_order(
    closed: tuple[Control, int, int],
) -> None:
    control, start, end = closed
    view = control.world.registry.view()
    with reading(control.world.engine) as connection:
        assert [terms.sites for terms in rules.wanted(connection, view, [], end + 1)] == [(SITE,)]
    control.allow(start, "0.0002")
    control.run(end + 1)
    [finding] = control.findings()
    assert finding.code is Code.BREACH
    with reading(control.world.engine) as connection:
        assert findings.standing_since(connection, 0) == []
        assert rules.wanted(connection, view, [], end + 1) == []


def test_an_allocation_that_is_cancelled_makes_a_breach(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0002")
    control.register(start, "5000")
    control.register(end, "5110")
    [result] = control.run(end)
    assert result.outcome is PeriodOutcome.WITHIN
    record(control, allocation(start, "0.0002").model_copy(update={"cancelled": True}))
    [again] = control.run(end + 1)
    assert again.outcome == "breach"
    assert again.allowed_wh == 0
    assert again.version == 2
    assert [finding.code for finding in control.findings()] == [Code.BREACH]


def test_what_bears_on_no_closed_period_closes_none_again(
    closed: tuple[Control, int, int],
) -> None:
    control, start, end = closed
    control.allow(end, "5")
    record(control, tolerance(500, end), factor("0.5", end))
    control.run(end + 1)
    assert len(bodies(control, start)) == 1
    with reading(control.world.engine) as connection:
        assert connection.execute(select(period_due)).all() == []


def test_a_correction_that_changes_no_figure_is_no_new_closing(
    closed: tuple[Control, int, int],
) -> None:
    control, start, end = closed
    control.allow(start, "0.00010")
    control.run(end + 1)
    assert len(bodies(control, start)) == 1


def test_a_loss_factor_entered_later_moves_the_energy(closed: tuple[Control, int, int]) -> None:
    control, _start, end = closed
    record(control, factor("0.9", 0))
    [result] = control.run(end + 1)
    assert result.measured_wh == 99
    assert result.outcome == PeriodOutcome.WITHIN
    assert (result.examples, result.version) == (("loss_factor",), 2)
    assert len(result.versions["loss_factor"]) == 1


def test_a_factor_that_changes_at_a_read_boundary_parts_the_period(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    step = control.market.interval_s * 1000
    for number, energy in enumerate(("5000", "5010", "5030", "5060", "5100")):
        control.register(start + number * step, energy)
    control.allow(start, "0.00012")
    record(control, factor("1.1", 0), factor("1.2", start + step))
    [result] = control.run(end)
    assert result.measured_wh == 10 * Fraction("1.1") + 90 * Fraction("1.2")
    assert result.error_wh == 0
    assert result.outcome == PeriodOutcome.WITHIN
    assert len(result.versions["loss_factor"]) == 2


def test_a_factor_that_changes_between_boundaries_leaves_its_quarter_in_doubt(
    control: Control,
) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    step = control.market.interval_s * 1000
    for number, energy in enumerate(("5000", "5010", "5030", "5060", "5100")):
        control.register(start + number * step, energy)
    control.allow(start, "0.000118")
    record(control, factor("1.1", 0), factor("1.2", start + step + 1000))
    [result] = control.run(end)
    assert result.measured_wh == 11 + 20 * Fraction("1.15") + 70 * Fraction("1.2")
    assert result.error_wh == 1
    assert result.outcome == PeriodOutcome.UNDECIDED


def test_a_tolerance_holds_from_its_day_and_says_that_it_is_an_example(
    closed: tuple[Control, int, int],
) -> None:
    control, _start, end = closed
    record(control, tolerance(200))
    [result] = control.run(end + 1)
    assert result.outcome == "within"
    assert result.allowed_wh == 100
    assert result.tolerance_wh == 20
    assert result.examples == ("tolerance",)
    record(control, tolerance(200).model_copy(update={"withdrawn": True}))
    [again] = control.run(end + 2)
    assert (again.outcome, again.version) == (PeriodOutcome.BREACH, 3)


def test_an_operational_meter_makes_no_finding_that_orders_rest_on(
    closed: tuple[Control, int, int],
) -> None:
    control, _start, end = closed
    meter = control.world.registry.view().one(Meter, "feeder")
    record(control, meter.model_copy(update={"status": "operational"}))
    [result] = control.run(end + 1)
    assert (result.outcome, result.operational) == (PeriodOutcome.INDICATED, ("feeder",))
    found = of_code(control, *Code)
    assert {finding.code for finding in found} == {Code.BREACH, Code.INDICATED}
    with reading(control.world.engine) as connection:
        assert rules.wanted(connection, control.world.registry.view(), [], end + 1) == []


def test_what_is_told_of_a_boundary_later_closes_both_its_periods_again(
    closed: tuple[Control, int, int],
) -> None:
    """The marks of the intervals' follower; here its snapshot is foreign from now on."""
    control, start, end = closed
    control.register(end + control.period_ms, "5115")
    control.run(end + control.period_ms)
    with control.world.engine.begin() as connection:
        due.mark(connection, [("feeder", IMPORT, end), ("feeder", IMPORT, start - 9_000_000)])
        assert connection.execute(select(boundary_changed.c.at_ms)).all() != []
        connection.exec_driver_sql(
            "UPDATE snapshot SET count = count - 20000 WHERE at_ms = ?", (end,)
        )
    first, second = control.run(end + control.period_ms + 1)
    assert first.measured_wh == 90
    assert first.outcome == PeriodOutcome.WITHIN
    assert first.version == 2
    assert second.measured_wh == 25
    assert second.version == 2
    with reading(control.world.engine) as connection:
        assert connection.execute(select(boundary_changed)).all() == []


def test_what_is_told_of_a_period_that_is_not_closed_is_not_marked(
    closed: tuple[Control, int, int],
) -> None:
    control, _, end = closed
    with control.world.engine.begin() as connection:
        due.mark(connection, [("feeder", IMPORT, end + 1)])
        assert connection.execute(select(boundary_changed)).all() == []


def test_sites_in_zones_of_one_auction_are_one_holder(control: Control) -> None:
    """North and South are sold together; 110 Wh of the one and 80 of the other, of 200."""
    start, end = control.start_ms, control.start_ms + control.period_ms
    view = control.world.registry.view()
    south = view.one(Site, SITE).model_copy(update={"name": "south-1", "zone": "south"})
    record(
        control,
        *(Zone(name=name, auction="north-south") for name in ("north", "south")),
        south,
        meter_record(control.world.gateway, "feeder-s", 5, "delivery", "south-1"),
        allocation(start, "0.0002").model_copy(update={"zone": "north-south"}),
    )
    for meter, energy in (("feeder", "5110"), ("feeder-s", "5080")):
        control.register(start, "5000", meter)
        control.register(end, energy, meter)
    [result] = control.run(end)
    assert (result.zone, result.sites) == ("north-south", (SITE, "south-1"))
    assert result.measured_wh == 190
    assert result.outcome == PeriodOutcome.WITHIN


def test_own_generation_is_kept_apart(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    record(control, meter_record(control.world.gateway, "turbine", 6, "generation"))
    control.allow(start, "0.0001")
    own = allocation(start, "0.5").model_copy(update={"source": "own_generation"})
    record(control, own)
    for at_ms, imported, exported, generated in (
        (start, "5000", "70", "0"),
        (end, "5090", "80", "40"),
    ):
        control.register(at_ms, imported)
        control.register(at_ms, exported, quantity=EXPORT)
        control.register(at_ms, generated, "turbine")
    [result] = control.run(end)
    assert result.allowed_wh == 100
    assert result.measured_wh == 90
    assert result.generation_wh == 40
    assert result.export_wh == 10
    assert result.gross_wh == 120
    assert (result.meters, result.outcome) == (("feeder",), PeriodOutcome.WITHIN)


def night_only() -> PermittedHours:
    return PermittedHours(
        name="night",
        spans=(Span(start="00:00", end="06:00"),),
        valid_from=0,
        title="Example hours",
        document_sha256=DOCUMENT,
        example=True,
    )


def of_code(control: Control, *codes: Code) -> list[findings.Finding]:
    found = [finding for finding in control.findings() if finding.code in codes]
    for finding in found:
        check_words(finding)
    return found


def test_energy_outside_permitted_hours_is_found_by_quarters(control: Control) -> None:
    """14:00 in Astana; the site may draw 1 W without mining."""
    start, end = control.start_ms, control.start_ms + control.period_ms
    step = control.market.interval_s * 1000
    site = control.world.registry.view().one(Site, SITE)
    record(control, night_only(), site.model_copy(update={"auxiliary_w": 4}))
    control.allow(start, "1")
    for number, energy in enumerate(("5000", "5000.001", "5001.001", "5001.001", "5002.001")):
        control.register(start + number * step, energy)
    control.run(end)
    found = of_code(control, Code.ENERGY_OUTSIDE_HOURS)
    allowed_wh = Fraction(4 * step, 3_600_000)
    expected = [start + step, start + 3 * step] if allowed_wh < Fraction("0.999") else []
    assert [finding.first_ms for finding in found] == expected
    for finding in found:
        assert finding.details["examples"] == ["permitted_hours"]
        assert finding.details["positions"] == [1]


def test_load_outside_permitted_hours_is_found_to_the_reading(control: Control) -> None:
    start = control.start_ms
    record(control, night_only())
    for second, power_w in ((1, 0.0), (2, 0.0), (3, 900.0), (4, 1000.0)):
        control.point("feeder", start + second * 1000, power_w)
    control.run(start + 4000)
    [finding] = of_code(control, Code.LOAD_OUTSIDE_HOURS)
    assert finding.first_ms == start
    assert finding.details["load_from_ms"] == start + 3000
    assert (finding.details["power_w"], finding.severity) == ("1000", "warning")


def test_a_mean_above_the_connection_is_a_finding_and_a_moment_a_warning(
    control: Control,
) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    step = control.market.interval_s * 1000
    for number, energy in enumerate(("5000", "5001", "5011", "5013", "5014")):
        control.register(start + number * step, energy)
    one_wh_w = 3_600_000 // step
    point = {"name": "p-1", "site": SITE, "valid_from": 0}
    bears = {"capacity_w": 9 * one_wh_w, "contracted_w": 3 * one_wh_w // 2}
    record(control, DeliveryPoint.model_validate(point | bears))
    control.point("feeder", end, 10.0 * one_wh_w)
    control.run(end)
    found = of_code(control, Code.OVER_CAPACITY, Code.OVER_CONTRACT)
    assert [(finding.code, finding.first_ms) for finding in found] == [
        (Code.OVER_CAPACITY, start + step),
        (Code.OVER_CONTRACT, start + 2 * step),
    ]
    [moment] = of_code(control, Code.OVER_CAPACITY_NOW)
    assert (moment.severity, moment.last_ms) == ("warning", end)


def test_more_sold_than_the_quota_of_the_zone_is_told(control: Control) -> None:
    start = control.start_ms
    control.allow(start, "3")
    quota = Quota(zone=ZONE, start=start, energy_mwh=Decimal(2), document_sha256=DOCUMENT)
    record(control, quota)
    control.run(start)
    [finding] = of_code(control, Code.OVER_QUOTA)
    assert (finding.subject, finding.details["allocated_wh"]) == (ZONE, "3000000")
    assert finding.details["quota_wh"] == "2000000"
    assert set(finding.details["versions"]) == {"allocation", "quota"}


# --- properties, over whole histories


def history(control: Control) -> Iterator[tuple[int, str]]:
    for number, energy in enumerate(("5000", "5090", "5200", "5290")):
        yield control.start_ms + number * control.period_ms, energy


def results(control: Control) -> list[PeriodResult]:
    with reading(control.world.engine) as connection:
        return periods.stored(connection)


def test_running_again_changes_nothing(control: Control) -> None:
    for at_ms, energy in history(control):
        control.register(at_ms, energy)
    control.allow(control.start_ms, "0.0001")
    now_ms = control.start_ms + 3 * control.period_ms + LATE_MS
    first = control.run(now_ms)
    found = control.findings()
    control.restart()
    assert control.run(now_ms) == first
    assert control.findings() == found
    assert all(result.version == 1 for result in first)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (0, 3, 1, 2), (2, 0, 3, 1)])
def test_the_order_of_arrival_does_not_matter(control: Control, order: tuple[int, ...]) -> None:
    """Readings and the register's changes come in any order; each is followed by a run."""
    rows = list(history(control))
    start = control.start_ms
    now_ms = start + 3 * control.period_ms + LATE_MS
    changes = [
        lambda: control.allow(start, "0.0001"),
        lambda: record(control, tolerance(50)),
        lambda: record(control, factor("1.02", start + control.period_ms)),
        lambda: control.allow(start + control.period_ms, "0.00012"),
    ]
    for place in order:
        control.register(*rows[place])
        with control.world.engine.begin() as connection:  # as the follower says
            due.mark(connection, [("feeder", IMPORT, rows[place][0])])
        changes[place]()
        control.run(now_ms)
    control.run(now_ms + 1)
    found = [
        (result.start_ms, result.outcome, result.measured_wh, result.allowed_wh)
        for result in results(control)
        if result.start_ms >= start
    ]
    assert found == [
        (start, PeriodOutcome.WITHIN, Fraction(90), Fraction(100)),
        (start + control.period_ms, PeriodOutcome.WITHIN, 110 * Fraction("1.02"), Fraction(120)),
        (start + 2 * control.period_ms, PeriodOutcome.BREACH, 90 * Fraction("1.02"), Fraction(0)),
    ]


def test_as_known_then_the_answer_is_that_of_then(closed: tuple[Control, int, int]) -> None:
    """Each closing is kept, with the versions of the register that it rests on."""
    control, start, end = closed
    before = bodies(control, start)[0]
    control.allow(start, "0.0002")
    record(control, factor("0.5", 0))
    control.run(end + 1)
    assert bodies(control, start)[0] == before
    assert BIN in [result.licensee for result in results(control)]
