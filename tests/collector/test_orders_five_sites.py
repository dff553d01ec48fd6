"""One licensee with five sites: one order, five parts, and one account of what he bore."""

from collections import Counter
from pathlib import Path

import pytest
from collector_world import BIN
from zone_fleet import ZoneFleet

from collector.model.order import Step
from collector.orders.choice import fairness


@pytest.fixture
def five(tmp_path: Path) -> ZoneFleet:
    return ZoneFleet(tmp_path, 5)


def test_each_site_goes_its_own_way_and_the_order_is_as_far_as_the_least(five: ZoneFleet) -> None:
    away = five.gateways[2]
    five.away = {away}
    five.order()
    five.run(20)
    assert {gateway for _, gateway in five.opened} == {*five.gateways} - {away}
    steps = Counter(part.step for part in five.night.order().parts)
    assert steps == {Step.CONTACT_CONFIRMED: 4, Step.ISSUED: 1}
    assert five.night.order().step is Step.ISSUED


def test_the_hours_that_he_was_cut_count_once_and_not_for_each_site(five: ZoneFleet) -> None:
    five.order()
    five.run(3 * 60)
    five.release()
    five.run(5 * 60)
    order = five.night.order()
    assert order.step is Step.RESTORED
    opened = [part.steps[Step.CONTACT_CONFIRMED].at_ms for part in order.parts]
    restored = [part.steps[Step.RESTORED].at_ms for part in order.parts]
    [borne] = fairness.ledger([order]).values()
    assert (borne.licensee, borne.cuts) == (BIN, 5)
    assert borne.hours * 3_600_000 == max(restored) - min(opened)
