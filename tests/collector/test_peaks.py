"""The calendar of peaks: its windows, and the orders that go before them and end with them."""

from pathlib import Path
from typing import Any

import pytest
from collector_world import AUTHORITY, NOW_MS, SITE, ZONE
from order_night import APPLIED, OTHER, RESTORED, SECOND, Night
from zone_fleet import STAGE_W, ZoneFleet, most_w

from collector.checks.codes import Code
from collector.checks.peaks import windows
from collector.model.instant import astana
from collector.model.order import Step
from collector.model.records import DeliveryPoint, OrderReason, PeakCalendar, Policy, Span
from collector.orders import acts
from collector.registry.references import problems

HOUR_S = 3600
START_S = 2 * HOUR_S
"""The window of the tests begins so long after the night, and lasts an hour."""
AHEAD_S = Policy.model_fields["peak_ahead_s"].default


def clock(at_s: int) -> str:
    return astana(NOW_MS + at_s * SECOND).strftime("%H:%M")


def calendar(*spans: tuple[str, str], **changes: Any) -> PeakCalendar:
    shown = spans or ((clock(START_S), clock(START_S + HOUR_S)),)
    fields: dict[str, Any] = {
        "name": "winter",
        "zone": ZONE,
        "spans": tuple(Span(start=start, end=end) for start, end in shown),
        "title": "hours of peaks",
        "document_sha256": "cd" * 32,
        "example": True,
        "valid_from": 0,
    }
    return PeakCalendar(**fields | changes)


def clocks(found: list[tuple[int, int]]) -> list[str]:
    return [f"{astana(start):%d %H:%M}-{astana(end):%d %H:%M}" for start, end in found]


# --- windows

DAY_MS = 86_400_000
MIDNIGHT_MS = NOW_MS - NOW_MS % DAY_MS - 5 * HOUR_S * SECOND


def test_windows_are_the_days_own_and_touching_spans_are_one() -> None:
    evening = calendar(("17:00", "24:00"), ("00:00", "01:00"), ("07:00", "09:00"))
    day = astana(MIDNIGHT_MS).day
    assert clocks(windows(evening, MIDNIGHT_MS, MIDNIGHT_MS + DAY_MS)) == [
        f"{day - 1} 17:00-{day} 01:00",
        f"{day} 07:00-{day} 09:00",
        f"{day} 17:00-{day + 1} 01:00",
    ]


def test_holidays_and_other_days_have_none() -> None:
    day = astana(MIDNIGHT_MS).date()
    weekday = day.strftime("%a").lower()
    once = Span(days=(weekday,), start="07:00", end="09:00")
    assert len(windows(calendar(spans=(once,)), MIDNIGHT_MS, MIDNIGHT_MS + 7 * DAY_MS)) == 1
    but_not = calendar(spans=(once,), holidays=(day.isoformat(),))
    assert windows(but_not, MIDNIGHT_MS, MIDNIGHT_MS + 7 * DAY_MS) == []


def test_a_window_is_as_far_as_its_record_holds() -> None:
    start_ms = NOW_MS + START_S * SECOND
    ended = calendar(valid_until=start_ms + 600_000)
    assert windows(ended, NOW_MS, start_ms + 1) == [(start_ms, start_ms + 600_000)]
    assert windows(calendar(valid_from=start_ms + HOUR_S * SECOND), NOW_MS, start_ms + 1) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"spans": (Span(start="00:00", end="24:00"),)}, "no pause"),
        ({"spans": (Span(start="09:00", end="08:00"),)}, "must end later"),
        ({"holidays": ("2026-02-30",)}, "there is no day"),
        ({"zone": "nowhere"}, "there is no zone"),
    ],
)
def test_what_cannot_be_is_refused(night: Night, changes: dict[str, Any], said: str) -> None:
    record = calendar(**changes)
    view = night.world.registry.view().with_records([record])
    assert any(said in each.text for each in problems(view, [record]))


# --- the rule


def test_an_order_goes_before_its_window_and_ends_with_it(night: Night) -> None:
    night.authorise(notice_s=600)
    night.record(calendar())
    assert night.at(START_S - AHEAD_S - 601).orders() == []
    night.at(START_S - AHEAD_S - 600)
    for _ in range(3):
        night.desk.run(night.now_ms)
    order = night.order()
    assert (order.terms.reason, order.step) == (OrderReason.PEAK, Step.NOTIFIED)
    assert order.terms.rule is not None and order.terms.rule.startswith("peak/1")
    assert order.parts[0].cut.stages == (1, 2)
    told = order.parts[0].steps[Step.NOTIFIED].details["content"]
    assert told["from_ms"] == NOW_MS + START_S * SECOND
    assert told["until_ms"] == NOW_MS + (START_S + HOUR_S) * SECOND
    assert night.at(START_S - 1).sent() == []
    [body] = night.at(START_S).sent()
    assert (body[6], body[7]) == (1, [1, 2])
    assert body[8] == NOW_MS + (START_S + HOUR_S) * SECOND
    night.answer(night.order(), APPLIED)
    night.at(START_S + HOUR_S)
    assert night.order().step is Step.LAPSED
    night.answer(night.order(), RESTORED)
    assert night.at(START_S + HOUR_S + 100).order().step is Step.RESTORED


def test_a_cap_is_a_setpoint_of_the_contracted_power(night: Night) -> None:
    night.authorise()
    night.record(point(900_000), calendar(cap_permille=500))
    night.at(START_S - AHEAD_S)
    assert night.order().parts[0].cut.cap_w == 450_000
    for second in range(3):
        night.at(START_S + second)
    [body] = night.sent()
    assert (body[6], body[12]) == (4, 450_000)


def point(contracted_w: int) -> DeliveryPoint:
    return DeliveryPoint(
        name="p", site=SITE, capacity_w=2_000_000, contracted_w=contracted_w, valid_from=0
    )


def lacking(night: Night) -> list[Any]:
    return [each.details["lacks"] for each in night.found() if each.code is Code.UNAUTHORISED]


def test_without_an_authority_it_is_warned_and_settled(night: Night) -> None:
    night.record(calendar(), AUTHORITY.model_copy(update={"reasons": (OrderReason.MANUAL,)}))
    night.measure(START_S - 30, START_S + 20)
    night.at(START_S - 10)
    assert lacking(night) == []
    night.at(START_S + 15)
    assert night.orders() == []
    assert lacking(night) == [["reason"]]


def test_who_draws_no_more_than_allowed_is_not_warned(night: Night) -> None:
    night.record(calendar(cap_permille=500), point(2_000_000))
    night.record(AUTHORITY.model_copy(update={"reasons": (OrderReason.MANUAL,)}))
    night.measure(START_S - 30, START_S + 20)
    night.at(START_S + 15)
    assert lacking(night) == []


def test_a_cap_without_a_contracted_power_is_no_order(night: Night) -> None:
    night.authorise()
    night.record(calendar(cap_permille=500))
    night.measure(START_S - 30, START_S + 20)
    night.at(START_S - AHEAD_S)
    night.at(START_S + 15)
    assert (night.orders(), lacking(night)) == ([], [["contract"]])


def test_a_calendar_that_is_withdrawn_cancels_what_waits(night: Night) -> None:
    night.authorise()
    night.record(calendar())
    night.at(START_S - AHEAD_S)
    night.record(calendar(withdrawn=True))
    night.at(START_S)
    night.at(START_S + 1)
    assert night.order().step is Step.CANCELLED
    assert night.sent() == []


def test_a_calendar_that_is_withdrawn_releases_what_holds(night: Night) -> None:
    night.authorise()
    night.record(calendar())
    night.at(START_S - AHEAD_S)
    for second in range(3):
        night.at(START_S + second)
    night.answer(night.order(), APPLIED)
    night.measure(START_S - 30, START_S + 2)
    night.measure(START_S + 2, START_S + 20, ())
    night.at(START_S + 20)
    night.record(calendar(withdrawn=True))
    night.at(START_S + 21)
    assert night.order().step is Step.RELEASED


def test_what_a_person_ended_is_not_begun_again_in_its_window(night: Night) -> None:
    night.authorise()
    night.record(calendar())
    night.at(START_S - AHEAD_S)
    night.at(START_S - AHEAD_S + 1)
    night.act(night.order(), acts.cancel, OTHER, "not this evening")
    for at_s in range(START_S, START_S + HOUR_S, 600):
        night.at(at_s)
    assert night.order().step is Step.CANCELLED


def test_one_that_failed_follows_again_while_the_window_lasts(night: Night) -> None:
    night.authorise()
    night.record(calendar())
    night.at(START_S - AHEAD_S)
    night.at(START_S)
    for at_s in (1, 2, 30, 69, 70, 80, 101, 102, 103):
        night.at(START_S + at_s)
        night.sent()
    first, *others = night.orders()
    assert first.step is Step.FAILED
    assert len(others) == 1
    assert others[0].terms.finding == first.terms.finding


def test_an_authority_of_short_cuts_takes_the_window_in_pieces(night: Night) -> None:
    """Each begins so long before the other ends that no stage closes in between."""
    night.authorise(max_hold_s=1800)
    night.record(calendar())
    night.at(START_S - 1)
    start_ms = NOW_MS + START_S * SECOND
    assert [(each.terms.from_ms, each.terms.until_ms) for each in night.orders()] == [
        (start_ms, start_ms + 1_800_000),
        (start_ms + 1_770_000, start_ms + 3_570_000),
        (start_ms + 3_540_000, start_ms + 3_600_000),
    ]
    for second in range(3):
        night.at(START_S + second)
    night.answer(night.orders()[0], APPLIED)
    assert [body[6] for body in night.sent()] == [1]
    for second in range(1769, 1773):
        night.at(START_S + second)
    [body] = night.sent()
    assert (body[6], body[5], body[8]) == (1, night.orders()[1].id, start_ms + 3_570_000)


# --- the zone's ramp


def test_at_both_boundaries_the_zone_ramps(tmp_path: Path) -> None:
    """Six sites of 1 MW, and no more than 2 MW in a minute."""
    fleet = ZoneFleet(tmp_path, 6)
    fleet.ramp(shed_step_w=2_000_000, shed_step_s=60, return_w_per_min=2_000_000)
    start_s, end_s = 120, 720
    fleet.night.record(calendar((clock(start_s), clock(end_s)), zone="far"))
    fleet.run(start_s - 5)
    assert fleet.opened == []
    fleet.run(end_s - start_s)
    assert len(fleet.opened) == 6
    assert (fleet.closed, most_w(fleet.opened, 60_000)) == ([], 2 * STAGE_W)
    fleet.run(900)
    assert len(fleet.closed) == 6
    assert most_w(fleet.closed, 60_000) <= 2 * STAGE_W
    assert min(at_ms for at_ms, _ in fleet.closed) >= NOW_MS + end_s * SECOND
