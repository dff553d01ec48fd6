"""A cut that takes stages over from another brings back what they drew before either."""

from pathlib import Path

from zone_fleet import STAGE_W, ZoneFleet, most_w

from collector.series.store import Point

MINUTE_MS = 60_000


def draws(fleet: ZoneFleet, power_w: float) -> None:
    fleet.night.series.write(
        [
            Point(f"m-{number:03}", fleet.now_ms, {"active_power": power_w}, 1)
            for number in range(fleet.sites)
        ]
    )


def test_stages_that_stood_open_count_as_what_they_drew(tmp_path: Path) -> None:
    fleet = ZoneFleet(tmp_path, 6)
    fleet.ramp(return_w_per_min=2 * STAGE_W)
    fleet.order(hold_s=120)
    fleet.run(20)
    draws(fleet, 0.0)
    fleet.order(hold_s=240)
    fleet.run(20)
    draws(fleet, 0.0)
    fleet.run(700)
    assert len(fleet.closed) == 6
    assert most_w(fleet.closed, MINUTE_MS) <= 2 * STAGE_W
