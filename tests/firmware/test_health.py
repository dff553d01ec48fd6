"""What the gateway does when parts of it fail: planned faults, in the whole of it."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plant.collector import BILLING, TELEMETRY
from plant.site import Plant, until

OPEN, READ = 1, 3
APPLIED = (2, None)
POWER_LOSS, WATCHDOG, SOFTWARE = "power", "watchdog", "software"
RESTART = 3  # exit code of the unix board: start me again

Make = Callable[..., Plant]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    plants = []

    def make_plant(faults: list[dict[str, Any]], **board: Any) -> Plant:
        plants.append(Plant(tmp_path))
        plants[-1].gateway.plan(faults, **board)
        return plants[-1]

    yield make_plant
    for plant in plants:
        plant.close()


def breaks(what: str, do: str, value: Any = None, **when: int) -> dict[str, Any]:
    return {"at": f"gateway.{what}", "do": do, "with": value, **when}


def faults(plant: Plant) -> dict[str, str]:
    return {event[0]: event[1] for event in plant.collector.events(9)}


def newest(plant: Plant, stream: int, kind: int) -> int:
    """How many records of a kind there are."""
    return sum(record[0] == kind for record in plant.collector.records(stream))


def letters(plant: Plant) -> list[str]:
    """Of the clock, by billing frame."""
    bodies = plant.collector.bodies
    return [bodies[key][7][1] for key in sorted(bodies) if key[0] == BILLING]


def meters_and_obeys(plant: Plant, number: int) -> None:
    """From now on there are intervals, and an order is carried out."""
    collector = plant.collector
    intervals = newest(plant, BILLING, 1)
    order = number.to_bytes(16, "big")
    collector.send(plant.site.command(OPEN, order=order, stages=[1]))
    collector.wait(lambda: APPLIED in collector.results(order))
    assert not plant.gateway.output(1)
    collector.wait(lambda: newest(plant, BILLING, 1) >= intervals + 4)


def restarts(plant: Plant, cause: str, starts: int) -> dict[int, Any]:
    """Start again what ended; its boot event."""
    plant.gateway.start()
    collector = plant.collector
    boot: dict[int, Any] = collector.wait(lambda: collector.events(1)[starts - 1 :])[0]
    assert boot[0] == cause
    return boot


DIES = breaks("app.App.begin_rest", "raise", "RuntimeError")
"""Soon after its start; in safe mode that is not called."""

BUS_1 = "samples of bus 1"

EACH_TASK = {
    "supervisor": breaks("supervisor.Supervisor.check", "raise", "RuntimeError"),
    "stages": breaks("stages.Stages.tick", "raise", "OSError", call=9),
    "billing": breaks("recorder.Recorder.run", "raise", "ValueError"),
    "intervals": breaks("intervals.Intervals.take", "raise", "KeyError"),
    "readings": breaks("readings.Readings.run_demands", "raise", "IndexError"),
    "dropped": breaks("journal.Journal.dropped", "raise", "CancelledError", call=2),
    "receipts": breaks("receipts.Receipts.take", "raise", "TypeError"),
    "uplink": {"at": "board.unix.Board.network_up", "do": "raise", "with": "OSError"},
    "samples": breaks("readings.Readings.run_samples", "raise", "MemoryError"),
    "task": breaks("meters.Meters.read_samples", "raise", "EOFError"),  # one that nobody waits for
    "health": breaks("records.health", "raise", "AttributeError"),
}


def test_a_task_that_fails_is_told_and_started_again(make: Make) -> None:
    """Each; telemetry's recorder is billing's, and samples of a bus have a task of their own."""
    soon = {"at": "gateway.vitals.MINUTE_MS", "do": "set", "with": 500}
    plant = make([*EACH_TASK.values(), soon])
    collector = plant.collector
    plant.gateway.start()
    collector.wait(lambda: collector.records(BILLING))
    collector.receipt()
    collector.wait(lambda: set(faults(plant)) == set(EACH_TASK))
    assert faults(plant) == {task: fault["with"] + ": planned" for task, fault in EACH_TASK.items()}
    meters_and_obeys(plant, 1)
    samples = newest(plant, TELEMETRY, 2)
    collector.wait(lambda: newest(plant, TELEMETRY, 2) > samples and collector.events(14))
    collector.send(plant.site.command(READ, order=bytes(16)))
    collector.wait(lambda: APPLIED in collector.results(bytes(16)))
    collector.receipt()
    collector.wait(lambda: letters(plant)[-1] == "S")
    assert len(collector.events(1)) == 1


def test_a_task_that_fills_the_heap_fails_alone(make: Make) -> None:
    plant = make([breaks("meters.Meters.read_samples", "fill", call=2)])
    plant.gateway.start()
    plant.collector.wait(lambda: "task" in faults(plant))
    assert faults(plant)["task"].startswith("MemoryError")
    meters_and_obeys(plant, 1)
    assert len(plant.collector.events(1)) == 1


def test_a_blocked_loop_is_reset_by_the_watchdog(make: Make) -> None:
    plant = make([breaks("stages.Stages.tick", "hang", 60_000, call=40)], watchdog_ms=4_000)
    plant.gateway.start()
    assert plant.gateway.ended() == -signal.SIGKILL
    plant.gateway.plan()
    restarts(plant, WATCHDOG, 2)
    meters_and_obeys(plant, 1)
    plant.gateway.kill()
    restarts(plant, POWER_LOSS, 3)
    plant.collector.wait(lambda: not plant.collector.gaps(BILLING))


def test_a_task_that_says_nothing_is_told_and_the_watchdog_not_fed(make: Make) -> None:
    limits = {"at": "gateway.supervisor.LIMITS_MS", "do": "set", "with": {BUS_1: 1_500}}
    stalls = breaks("meters.Meters.read_samples", "stall", call=4)
    plant = make([limits, stalls], watchdog_ms=4_000)
    plant.gateway.start()
    plant.collector.wait(lambda: faults(plant) == {BUS_1: "says nothing"})
    assert plant.gateway.ended() == -signal.SIGKILL
    plant.gateway.plan()
    restarts(plant, WATCHDOG, 2)


def test_a_task_that_is_lost_for_good_is_told_and_reset(make: Make) -> None:
    """Even what supervises it failed."""
    limits = {"at": "gateway.supervisor.LIMITS_MS", "do": "set", "with": {"samples": 1_500}}
    broken = [
        breaks("readings.Readings.run_samples", "raise", "RuntimeError"),
        breaks("health.log", "raise", "MemoryError", calls=2),
    ]
    plant = make([limits, *broken], watchdog_ms=4_000)
    plant.gateway.start()
    plant.collector.wait(lambda: len(faults(plant)) == 2)
    assert faults(plant) == {"task": "MemoryError: planned", "samples": "says nothing"}
    assert plant.gateway.ended() == -signal.SIGKILL


def test_a_task_that_never_has_memory_is_given_up_and_reset(make: Make) -> None:
    pauses = {"at": "gateway.health.LONGEST_PAUSE_MS", "do": "set", "with": 2_000}
    starves = breaks("readings.Readings.run_samples", "raise", "MemoryError", calls=99)
    plant = make([pauses, starves], watchdog_ms=4_000)
    plant.gateway.start()
    assert plant.gateway.ended() == -signal.SIGKILL
    plant.gateway.plan()
    restarts(plant, WATCHDOG, 2)
    told = [event[1] for event in plant.collector.events(9) if event[0] == "samples"]
    assert told[:2] == ["MemoryError: planned", "says nothing"]


def test_the_same_fault_is_told_once_in_a_while(make: Make) -> None:
    pause = {"at": "gateway.health.LONGEST_PAUSE_MS", "do": "set", "with": 1}
    plant = make([pause, breaks("stages.Stages.tick", "raise", "OSError", calls=9)])
    plant.gateway.start()
    until(lambda: plant.log().count("task stages failed") == 9)
    meters_and_obeys(plant, 1)
    assert plant.collector.events(9) == [{0: "stages", 1: "OSError: planned"}]


def test_safe_mode_meters_and_obeys_and_ends_by_itself(make: Make) -> None:
    plant = make([DIES])
    plant.gateway.lose_supply()
    collector = plant.collector
    for _ in range(3):
        plant.gateway.start()
        assert plant.gateway.ended() == RESTART
    plant.gateway.plan([{"at": "gateway.supervisor.SAFE_S", "do": "set", "with": 6}])
    restarts(plant, SOFTWARE, 4)
    boots = collector.events(1)
    assert [boot[0] for boot in boots] == [POWER_LOSS, SOFTWARE, SOFTWARE, SOFTWARE]
    assert [boot.get(4) for boot in boots] == [None, None, None, "safe"]
    samples = newest(plant, TELEMETRY, 2)
    collector.wait(lambda: collector.statuses[-1].get("safe"))
    meters_and_obeys(plant, 1)
    assert newest(plant, TELEMETRY, 2) == samples
    until(lambda: "safe mode is over" in plant.log())
    collector.wait(lambda: newest(plant, TELEMETRY, 2) > samples)
    assert len(collector.events(1)) == 4


def test_a_start_that_came_to_something_counts_no_more(make: Make) -> None:
    plant = make([DIES])
    plant.gateway.lose_supply()
    for _ in range(3):
        plant.gateway.start()
        assert plant.gateway.ended() == RESTART
    plant.gateway.plan([{"at": "gateway.supervisor.WELL_S", "do": "set", "with": 1}])
    assert restarts(plant, SOFTWARE, 4)[4] == "safe"
    until(lambda: "this start is well" in plant.log())
    plant.gateway.kill()
    assert 4 not in restarts(plant, POWER_LOSS, 5)


def test_cutting_the_supply_brings_no_safe_mode(make: Make) -> None:
    plant = make([])
    plant.gateway.lose_supply()
    for starts in range(1, 6):
        assert 4 not in restarts(plant, POWER_LOSS, starts)
        plant.gateway.kill()


def test_health_says_how_it_is(make: Make) -> None:
    minute = {"at": "gateway.vitals.MINUTE_MS", "do": "set", "with": 3_000}
    stands = breaks("stages.Stages.tick", "hang", 400, call=40)
    plant = make([minute, stands], signal_dbm=-71)
    plant.tcp_server.stop()
    plant.gateway.start()
    event = plant.collector.wait(lambda: plant.collector.events(14))[0]
    assert 3 <= event[0] <= 10
    assert 0 < event[1] < 2 * 96 * 1024
    assert event[2] >= 350
    assert event[3][BILLING] > 0
    assert event[5] == 1
    assert event[6] == -71
    (rtu_requests, rtu_failures), (tcp_requests, tcp_failures) = event[7]
    assert rtu_failures < rtu_requests / 2  # few: a busy computer may be late with an answer
    assert tcp_requests == tcp_failures > 0
