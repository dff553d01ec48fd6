"""What a broker keeps for who comes later: no order, and any schedule."""

from collections.abc import Iterator

import pytest
from plant.collector import now_ms
from plant.site import Plant

OPEN, REFUSED = 1, 3
ORDER = (77).to_bytes(16, "big")
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    plant = Plant(tmp_path_factory.mktemp("kept"))
    try:
        base = f"esep/v1/{plant.site.gateway.hex()}"
        plant.collector.publish(
            f"{base}/command", plant.site.command(OPEN, order=ORDER), retain=True
        )
        plant.collector.publish(f"{base}/schedule", schedule(plant), retain=True)
        plant.gateway.start()
        yield plant
    finally:
        plant.close()


def schedule(plant: Plant) -> bytes:
    body = {
        0: 1,
        1: plant.site.gateway,
        2: 1,
        3: now_ms(),
        4: now_ms() + HOUR_MS,
        5: 1,
        6: bytes(32),
        7: now_ms(),
        8: HOUR_MS,
        9: bytes(8),
        10: now_ms() + HOUR_MS,
        11: [0, 0],
        12: ["nothing", 0, 0, 0, 0],
        13: [0, 0, 0, 1000, 0],
    }
    return plant.site.authority.issue("orders", "schedule", body)


def test_an_order_that_the_broker_kept_is_refused_with_a_signed_event(plant: Plant) -> None:
    plant.collector.wait(lambda: (REFUSED, "retained") in plant.collector.results(ORDER))
    assert all(map(plant.gateway.output, (1, 2, 3)))


def test_a_schedule_reaches_who_was_away_and_is_refused_where_nobody_measures(
    plant: Plant,
) -> None:
    """This configuration does not say how its meters count."""
    [event] = plant.collector.wait(lambda: plant.collector.events(17))
    assert (event[1], event[2], event[3]) == (0, 2, "not_measured")
    assert all(map(plant.gateway.output, (1, 2, 3)))


def test_no_task_failed(plant: Plant) -> None:
    assert plant.collector.events(9) == []
    plant.collector.check_chains()
