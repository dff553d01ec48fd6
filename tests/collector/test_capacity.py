"""Connection capacity, contracted power and the zone's quota: what is above them beyond doubt."""

from decimal import Decimal
from fractions import Fraction

import pytest
from collector_world import BIN, ZONE

from collector.checks.allowance import Known
from collector.checks.capacity import Excess, SiteEnergy, bounds, excess, over_quota
from collector.model.records import Allocation, DeliveryPoint, Quota

QUARTER = 900_000


def point(
    name: str, capacity_w: int, contracted_w: int, start_ms: int = 0, version: int = 1
) -> Known[DeliveryPoint]:
    record = DeliveryPoint(
        name=name, site="a", capacity_w=capacity_w, contracted_w=contracted_w, valid_from=start_ms
    )
    return Known(record, version)


@pytest.mark.parametrize(
    ("energy_wh", "doubt_wh", "expected"),
    [
        (500, 0, None),
        (501, 0, Excess.CONTRACT),
        (501, 1, None),  # within what is in doubt
        (1000, 0, Excess.CONTRACT),
        (1001, 0, Excess.CAPACITY),
        (1001, 1, Excess.CONTRACT),
    ],
)
def test_a_quarters_mean_is_compared_with_what_is_in_doubt(
    energy_wh: int, doubt_wh: int, expected: Excess | None
) -> None:
    bound = bounds([point("p", 4000, 2000)], 0, QUARTER)
    quarter = SiteEnergy(0, QUARTER, Fraction(energy_wh), Fraction(doubt_wh))
    assert bound is not None
    assert quarter.mean_w == 4 * energy_wh
    assert excess(quarter, bound) is expected


def test_delivery_points_bear_together_and_the_greater_figure_counts() -> None:
    points = [point("p", 10, 5), point("q", 7, 4, version=2), point("q", 9, 3, 100, 3)]
    found = bounds(points, 0, QUARTER)
    assert found is not None
    assert (found.capacity_w, found.contracted_w, found.versions) == (19, 9, (1, 2, 3))
    assert bounds([], 0, QUARTER) is None


def sold(mwh: str, source: str, version: int) -> Known[Allocation]:
    values = {"licensee": BIN, "zone": ZONE, "start": 0, "energy_mwh": mwh, "source": source}
    return Known(Allocation.model_validate(values), version)


@pytest.mark.parametrize(
    ("quota_mwh", "excess_wh"), [("3", None), ("2.999", 1_000), ("0", 3_000_000)]
)
def test_what_the_auction_sold_against_the_zones_quota(
    quota_mwh: str, excess_wh: int | None
) -> None:
    """An import is not of the quota."""
    quota = Quota(zone=ZONE, start=0, energy_mwh=Decimal(quota_mwh), document_sha256="00" * 32)
    entries = [sold("1", "auction", 1), sold("2", "auction", 2), sold("9", "import", 3)]
    found = over_quota(entries, Known(quota, 8))
    if excess_wh is None:
        assert found is None
    else:
        assert found is not None
        assert found.allocated_wh - found.quota_wh == excess_wh
        assert (found.allocations, found.quota) == ((1, 2), 8)


def test_without_a_quota_nothing_is_said() -> None:
    assert over_quota([sold("9", "auction", 1)], None) is None
