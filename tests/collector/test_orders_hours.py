"""Load at a time that is not permitted: all stages off, until it is permitted again."""

from typing import Any

import pytest
from collector_world import NOW_MS, SITE
from order_night import APPLIED, Night

from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.model.order import Step
from collector.model.records import OrderReason, PermittedHours, Span

# it is 14:00 in Astana
CLOSED = Span(start="00:00", end="14:00")
OPEN = Span(start="00:00", end="24:00")


@pytest.fixture
def night(night: Night) -> Night:
    night.authorise()
    permit(night, CLOSED)
    return night


def permit(night: Night, *spans: Span) -> None:
    ruling: dict[str, Any] = {"title": "ruling", "document_sha256": "00" * 32, "example": True}
    night.record(PermittedHours(name="night-only", valid_from=0, spans=spans, **ruling))


def load(night: Night, second: int) -> None:
    """Seen outside the hours."""
    at_ms = NOW_MS + second * 1000
    details = {"site": SITE, "forbidden_from_ms": NOW_MS}
    night.find(Finding(Code.LOAD_OUTSIDE_HOURS, SITE, NOW_MS, at_ms, details))


def test_load_outside_its_hours_is_cut_and_returns_when_they_begin(night: Night) -> None:
    load(night, 0)
    for second in (0, 0.1, 0.2):
        night.at(second)
    order = night.order()
    assert (order.terms.reason, order.parts[0].cut.stages) == (
        OrderReason.PERMITTED_HOURS,
        (1, 2),
    )
    night.answer(order, APPLIED, at_s=1)
    night.measure(-30, 1)
    night.measure(1, 20, ())
    assert night.at(12).order().step is Step.VERIFIED
    assert night.at(30).order().step is Step.VERIFIED
    permit(night, OPEN)
    assert night.at(31).order().step is Step.RELEASED


def test_what_is_permitted_again_before_its_notice_ends_is_not_cut(night: Night) -> None:
    night.authorise(notice_s=10)
    load(night, 0)
    for second in (0, 0.1, 0.2):
        night.at(second)
    permit(night, OPEN)
    night.at(10.5)
    cancelled = night.order().steps[Step.CANCELLED]
    assert cancelled.details == {"reason": "drawing is permitted again"}
    assert night.sent() == []


def test_one_order_for_the_hours_though_each_period_has_its_finding(night: Night) -> None:
    load(night, 0)
    night.at(0)
    later = NOW_MS + 20_000
    details = {"site": SITE, "forbidden_from_ms": NOW_MS}
    night.find(Finding(Code.LOAD_OUTSIDE_HOURS, SITE, later, later, details))
    night.at(20)
    assert len(night.orders()) == 1


def test_without_an_authority_for_hours_it_is_a_warning(night: Night) -> None:
    night.authorise(reasons=(OrderReason.LICENCE,))
    load(night, 0)
    assert night.at(1).orders() == []
