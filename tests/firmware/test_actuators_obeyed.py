"""The whole gateway on simulated switchgear of every kind: what orders do, and what stops them."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plant.collector import TELEMETRY
from plant.gateway import stage
from plant.site import Plant, until

from simulator.plant import SitePlant, generator
from simulator.relays import KINDS, Relay
from simulator.stage import StageRating

OPEN, RELEASE = 1, 2
RECEIVED, APPLIED, FAILED, RESTORED = 1, 2, 4, 5
STAGE_EVENT, INTERLOCK_EVENT = 5, 18
NO_RAMP = [0, 0]
SELECTOR, LOCK, TRIP, RESET = 21, 22, 23, 24
CONTACTOR, BREAKER, PULSED = 1, 2, 3
SOFT_STOP, COOLING, PERMISSION = 11, 12, 13
RUN_DOWN_MS, RUN_ON_MS = 1_500, 1_500

STAGES = [
    stage(CONTACTOR, confirm_ms=1000)
    | {5: [0, 0, 0, 0], 6: [SOFT_STOP, RUN_DOWN_MS], 7: [COOLING, RUN_ON_MS]}
    | {8: [SELECTOR, LOCK, TRIP, RESET]},
    stage(BREAKER, confirm_ms=1000) | {5: [0, 1, 0, 0], 8: [None, None, None, RESET]},
    stage(PULSED, confirm_ms=1000) | {5: [1, 1, 300, 6], 9: PERMISSION},
]


class Switchgear:
    """Moves breakers, and lets a person work them."""

    def __init__(self, plant: Plant) -> None:
        board = plant.gateway.board
        ratings = [StageRating(number, 1_000_000, 1.0, 1.0) for number in (1, 2, 3)]
        site = SitePlant("A", ratings, 0, seed=1, start_s=time.monotonic())
        kinds = ("contactor", "undervoltage_release", "shunt_trip")
        self.relays: dict[int, Relay] = {}
        for number, kind in enumerate(kinds, 1):
            output, contact = (Path(board[wire][str(number)]) for wire in ("outputs", "contacts"))
            soft_stop = Path(board["outputs"][str(SOFT_STOP)]) if number == CONTACTOR else None
            self.relays[number] = KINDS[kind](
                site, number, output, contact, generator(number), closed=True, soft_stop=soft_stop
            )
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def _poll(self) -> None:
        while not self._stopped.wait(0.01):
            with self._lock:
                for relay in self.relays.values():
                    relay.poll(time.monotonic())

    def by_hand(self, number: int, *, closed: bool) -> None:
        with self._lock:
            self.relays[number].operate_by_hand(time.monotonic(), closed=closed)

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()


class Bench:
    def __init__(self, directory: Path) -> None:
        self.plant = Plant(directory, stages=STAGES)
        self.plant.contactors.close()
        self.gear = Switchgear(self.plant)
        self.gateway, self.collector = self.plant.gateway, self.plant.collector
        self._orders = 0

    def send(self, action: int, number: int, **options: Any) -> bytes:
        self._orders += 1
        order = self._orders.to_bytes(16, "big")
        options = {"ramp": NO_RAMP} | options
        command = self.plant.site.command(action, order=order, stages=[number], **options)
        self.collector.send(command)
        return order

    def told(self, order: bytes, result: int, reason: str | None = None) -> None:
        self.collector.wait(lambda: (result, reason) in self.collector.results(order))

    def interlocks(self, number: int, *words: str) -> None:
        """Wait until these are what the gateway said last of the stage."""

        def last() -> bool:
            found = [e[1] for e in self.collector.events(INTERLOCK_EVENT) if e[0] == number]
            return bool(found) and found[-1] == list(words)

        self.collector.wait(last)

    def opened(self, number: int) -> None:
        order = self.send(OPEN, number)
        self.told(order, APPLIED)
        assert not self.gear.relays[number].closed

    def close(self) -> None:
        self.gear.close()
        self.plant.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("switchgear"))
    try:
        bench.gateway.start()
        bench.collector.wait(lambda: bench.collector.records(TELEMETRY))
        yield bench
    finally:
        bench.close()


def test_soft_stop_then_stage_then_run_on_and_back(bench: Bench) -> None:
    order = bench.send(OPEN, CONTACTOR)
    until(lambda: not bench.gateway.output(SOFT_STOP))
    asked = time.monotonic()
    assert bench.gear.relays[CONTACTOR].closed
    bench.told(order, APPLIED)
    assert time.monotonic() - asked > RUN_DOWN_MS / 2000
    until(lambda: not bench.gateway.output(COOLING))
    bench.told(bench.send(RELEASE, CONTACTOR), RESTORED)
    assert bench.gateway.output(SOFT_STOP)
    until(lambda: bench.gateway.output(COOLING))


def test_a_breaker_with_a_release_waits_for_a_person(bench: Bench) -> None:
    bench.opened(BREAKER)
    order = bench.send(RELEASE, BREAKER)
    until(lambda: bench.gateway.output(BREAKER))
    bench.told(order, APPLIED)
    assert (RESTORED, None) not in bench.collector.results(order)
    bench.gear.by_hand(BREAKER, closed=True)
    bench.told(order, RESTORED)


def test_a_pulse_opens_a_breaker_and_a_person_may_close_it_when_permitted(bench: Bench) -> None:
    bench.opened(PULSED)
    until(lambda: not bench.gateway.output(PULSED))  # the pulse is over
    order = bench.send(RELEASE, PULSED)
    until(lambda: bench.gateway.output(PERMISSION))
    bench.gear.by_hand(PULSED, closed=True)
    bench.told(order, RESTORED)


def test_a_breaker_that_is_closed_against_an_order_is_opened_again(bench: Bench) -> None:
    bench.opened(PULSED)
    until(lambda: not bench.gateway.output(PULSED))
    bench.gear.by_hand(PULSED, closed=True)
    until(lambda: not bench.gear.relays[PULSED].closed)
    causes = [event[2] for event in bench.collector.events(STAGE_EVENT) if event[0] == PULSED]
    order = bench.send(RELEASE, PULSED)
    until(lambda: bench.gateway.output(PERMISSION))
    until(lambda: not bench.gateway.output(PULSED))
    bench.gear.by_hand(PULSED, closed=True)
    bench.told(order, RESTORED)
    assert "local" in causes


def test_local_is_told_and_no_order_overrides_it(bench: Bench) -> None:
    bench.gateway.set_contact(SELECTOR, False)
    bench.interlocks(CONTACTOR, "local")
    order = bench.send(OPEN, CONTACTOR)
    bench.told(order, FAILED, "local")
    assert bench.gear.relays[CONTACTOR].closed
    # Turned back, the order that holds is obeyed after all.
    bench.gateway.set_contact(SELECTOR, True)
    bench.told(order, APPLIED)
    bench.told(bench.send(RELEASE, CONTACTOR), RESTORED)


def test_a_lock_opens_and_only_a_person_there_lets_it_return(bench: Bench) -> None:
    bench.gateway.set_contact(LOCK, True)
    bench.interlocks(CONTACTOR, "locked_out", "opened_by_other")
    until(lambda: not bench.gear.relays[CONTACTOR].closed)
    bench.told(bench.send(RELEASE, BREAKER), RESTORED)  # others are free
    bench.gateway.set_contact(LOCK, False)
    bench.interlocks(CONTACTOR, "opened_by_other")
    bench.gateway.set_contact(RESET, True)
    bench.interlocks(CONTACTOR)
    bench.gateway.set_contact(RESET, False)
    until(lambda: bench.gear.relays[CONTACTOR].closed)


def test_a_trip_is_told_and_its_release_fails_until_it_is_cleared(bench: Bench) -> None:
    bench.opened(CONTACTOR)
    bench.gateway.set_contact(TRIP, True)
    bench.interlocks(CONTACTOR, "tripped")
    order = bench.send(RELEASE, CONTACTOR)
    bench.told(order, FAILED, "tripped")
    assert not bench.gateway.output(CONTACTOR)
    bench.gateway.set_contact(TRIP, False)
    bench.told(order, RESTORED)


def test_what_a_person_opens_stays_open_over_a_restart_until_it_is_cleared(bench: Bench) -> None:
    bench.gear.by_hand(BREAKER, closed=False)
    bench.interlocks(BREAKER, "opened_by_other")
    until(lambda: not bench.gateway.output(BREAKER))
    seen = len(bench.collector.events(1))
    bench.gateway.kill()
    bench.gateway.start()
    bench.collector.wait(lambda: len(bench.collector.events(1)) > seen)
    bench.told(bench.send(RELEASE, BREAKER), FAILED, "opened_by_other")
    assert not bench.gateway.output(BREAKER)
    bench.gateway.set_contact(RESET, True)
    bench.interlocks(BREAKER)
    bench.gateway.set_contact(RESET, False)
    until(lambda: bench.gateway.output(BREAKER))
    bench.gear.by_hand(BREAKER, closed=True)


def test_welded_contacts_are_a_failure_of_the_contact(bench: Bench) -> None:
    bench.gear.relays[CONTACTOR].fault = "welded"
    order = bench.send(OPEN, CONTACTOR)
    bench.told(order, FAILED, "contact")
    assert not bench.gateway.output(CONTACTOR)
    bench.gear.relays[CONTACTOR].fault = None
    until(lambda: not bench.gear.relays[CONTACTOR].closed)
    bench.told(bench.send(RELEASE, CONTACTOR), RESTORED)


def test_after_a_long_loss_of_supply_stages_start_open(bench: Bench) -> None:
    """As the clock says at the start, which then differs by a minute from the newest boundary."""
    seen = len(bench.collector.events(1))
    bench.gateway.kill()
    bench.gateway.set_clock(60_000)
    bench.gateway.start()
    bench.collector.wait(lambda: len(bench.collector.events(1)) > seen)
    until(lambda: not any(relay.closed for relay in bench.gear.relays.values()))


def test_no_task_failed(bench: Bench) -> None:
    assert bench.collector.events(9) == []
    bench.collector.check_chains()
