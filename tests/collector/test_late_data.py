"""Delivery periods whose data comes late: when they close, and that lateness is no amnesty."""

from fractions import Fraction

import pytest
from checks_control import LATE_MS, Control
from collector_world import NOW_MS, SITE, boot_event, interval, meter_record
from structlog.testing import capture_logs

from collector.checks import closing
from collector.checks.allocation import PeriodOutcome
from collector.checks.codes import Code
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance, followed_until
from collector.registry.profiles import load_profile
from collector.storage import reading


def unmeasured(control: Control) -> tuple[int, int]:
    """A period that closed without its last snapshot."""
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0001")
    control.register(start, "5000")
    assert control.run(end + LATE_MS - 1) == []
    [result] = control.run(end + LATE_MS)
    assert (result.outcome, result.measured_wh) == ("unmeasured", None)
    assert (result.meters, result.missing) == (("feeder",), ("feeder",))
    return start, end


def codes(control: Control) -> list[Code]:
    return [finding.code for finding in control.findings()]


@pytest.mark.parametrize(
    ("energy_wh", "outcome", "found"),
    [
        ("5099.999", PeriodOutcome.WITHIN, [Code.UNMEASURED]),
        ("5100.001", PeriodOutcome.BREACH, [Code.UNMEASURED, Code.BREACH]),
    ],
)
def test_an_unmeasured_period_is_judged_when_its_snapshot_comes(
    control: Control, energy_wh: str, outcome: PeriodOutcome, found: list[Code]
) -> None:
    _, end = unmeasured(control)
    assert codes(control) == [Code.UNMEASURED]
    control.register(end, energy_wh)
    [result] = control.run(end + LATE_MS + 1)
    assert (result.outcome, result.missing) == (outcome, ())
    assert result.measured_wh == Fraction(energy_wh) - 5000
    assert result.allowed_wh == 100
    assert codes(control) == found


def test_both_versions_of_a_period_are_told(control: Control) -> None:
    with capture_logs() as facts:
        _, end = unmeasured(control)
        control.register(end, "9000")
        control.run(end + LATE_MS + 1)
        control.run(end + LATE_MS + 2)
    told = [
        (fact["version"], fact["earlier"], fact["outcome"])
        for fact in facts
        if fact["event"] == "period.closed"
    ]
    assert told == [(1, None, "unmeasured"), (2, "unmeasured", "breach")]


def test_a_judged_period_is_not_changed_by_what_comes_later(control: Control) -> None:
    _, end = unmeasured(control)
    control.register(end, "5200")
    judged = control.run(end + LATE_MS + 1)
    control.register(end - 1, "5000")
    assert control.run(end + LATE_MS + 2) == judged


def test_a_register_that_went_back_stays_unmeasured_when_it_is_read(control: Control) -> None:
    _, end = unmeasured(control)
    control.register(end, "3")
    [result] = control.run(end + LATE_MS + 1)
    assert (result.outcome, result.missing) == ("unmeasured", ())
    assert [entry.verdict for entry in result.breaks] == ["reset"]
    assert codes(control) == [Code.UNMEASURED, Code.REGISTER_RESET]


def test_of_several_meters_it_says_which_are_missing(control: Control) -> None:
    gateway = control.world.gateway
    second = meter_record(gateway, "feeder-2", 3, "delivery")
    third = meter_record(gateway, "feeder-3", 4, "delivery")
    control.world.registry.record([second, third], bytes(32), NOW_MS)
    start, end = control.start_ms, control.start_ms + control.period_ms
    for meter in ("feeder", "feeder-2", "feeder-3"):
        control.register(start, "5000", meter)
    control.register(end, "5001", "feeder-2")
    [result] = control.run(end + LATE_MS)
    assert result.missing == ("feeder", "feeder-3")
    [finding] = control.findings()
    assert finding.details["missing"] == ["feeder", "feeder-3"]
    control.register(end, "5001", "feeder")
    assert control.run(end + LATE_MS + 1) == [result]
    control.register(end, "5001", "feeder-3")
    [whole] = control.run(end + LATE_MS + 2)
    assert (whole.outcome, whole.measured_wh) == ("breach", Fraction(3))


def test_a_meter_that_joined_later_does_not_keep_a_period_unmeasured(control: Control) -> None:
    _, end = unmeasured(control)
    second = meter_record(control.world.gateway, "feeder-2", 3, "delivery")
    control.world.registry.record([second], bytes(32), NOW_MS)
    control.register(end, "9000")
    [result] = control.run(end + LATE_MS + 1)
    assert (result.outcome, result.sites) == ("breach", (SITE,))


def test_a_collector_that_was_away_waits_for_what_waited_for_it(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.register(start, "5000")
    control.restart()
    back = end + 10 * LATE_MS
    assert control.run(back) == []
    assert control.run(back + LATE_MS - 1) == []
    control.register(end, "5100")
    [result] = control.run(back + LATE_MS - 1)
    assert result.outcome == "breach"


def test_nothing_is_unmeasured_while_its_snapshots_may_be_in_the_ledger(control: Control) -> None:
    """The frame came in time; the follower is behind."""
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.register(start, "5000")
    raw = bytes(sum(2 * entry.registers for entry in load_profile("schneider-pm5560").registers))
    chain = control.world.gateway.chain()
    control.world.append([chain.next(boot_event())], end - 1)
    control.world.append([chain.next(interval(0, end, raw))], end + 1)
    assert control.run(end + 10 * LATE_MS) == []
    follower = IntervalFollower(control.world.configurations)
    assert advance(control.world.engine, follower, limit=1) == 1
    assert control.run(end + 10 * LATE_MS) == []
    advance(control.world.engine, follower)
    assert [result.start_ms for result in control.run(end + LATE_MS)] == [start]


def test_a_busy_ledger_does_not_keep_periods_open(control: Control) -> None:
    """What came after the time to wait is not waited for."""
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.register(start, "5000")
    control.world.append([control.world.gateway.frame()], end + LATE_MS)
    [result] = control.run(end + LATE_MS)
    assert result.outcome == "unmeasured"
    with reading(control.world.engine) as connection:
        known_ms = followed_until(connection, IntervalFollower.name, end + 2 * LATE_MS)
    assert known_ms == end + LATE_MS


def test_many_late_periods_are_worked_off_in_parts(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "_CLOSE_AT_ONCE", 3)
    start = control.start_ms
    control.register(start, "5000")
    now_ms = start + 6 * control.period_ms + LATE_MS
    control.run(now_ms)
    control.run(now_ms)
    for number in range(1, 7):
        control.register(start + number * control.period_ms, str(5000 + number))

    def judged() -> int:
        return sum(result.outcome == "breach" for result in control.run(now_ms))

    assert [judged(), judged(), judged()] == [3, 6, 6]
