"""A cut that takes stages over from another brings back what they drew before either."""

from pathlib import Path

from zone_fleet import STAGE_W, ZoneFleet, most_w

MINUTE_MS = 60_000


def test_stages_that_stood_open_count_as_what_they_drew(tmp_path: Path) -> None:
    """When they were opened, by whichever order: no more, or half as many would return at once."""
    fleet = ZoneFleet(tmp_path, 6)
    fleet.ramp(return_w_per_min=2 * STAGE_W)
    fleet.order(hold_s=120)
    fleet.run(20)
    fleet.draw(0)
    fleet.order(hold_s=240)
    fleet.run(20)
    fleet.draw(0)
    fleet.order(hold_s=300)
    fleet.run(20)
    fleet.draw(0)
    fleet.run(700)
    assert len(fleet.closed) == 6
    assert most_w(fleet.closed, MINUTE_MS) == 2 * STAGE_W
    moments = [moment for moment, _ in fleet.closed]
    assert max(moments) - min(moments) < 3 * MINUTE_MS
