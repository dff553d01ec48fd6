"""Relays follow their coil after their own time, and report by contact."""

from pathlib import Path
from typing import Any

import pytest

from simulator.plant import SitePlant, generator
from simulator.relays import KINDS, OPERATE_TIME_S, Fault, Relay
from simulator.stage import StageRating

SLOWEST_S = OPERATE_TIME_S[1]


class Bench:
    """A relay with its wires and a clock in hand."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "output"
        self.contact = folder / "contact"
        self.plant = SitePlant("A", [StageRating(1, 1_000_000, 1.0)], 0, seed=1, start_s=0.0)
        self.relay = Relay(self.plant, 1, self.output, self.contact, generator(1))
        self.now_s = 0.0

    def wait(self, seconds: float) -> None:
        until = self.now_s + seconds
        while self.now_s < until:
            self.now_s += 0.005
            self.relay.poll(self.now_s)

    def closed(self) -> bool:
        assert self.contact.read_bytes() == (b"1" if self.relay.closed else b"0")
        assert self.plant.stages[1].closed == self.relay.closed
        return self.relay.closed


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_stage_is_open_before_the_gateway_runs(bench: Bench) -> None:
    assert not bench.closed()
    bench.wait(1.0)
    assert not bench.closed()


def test_the_contact_follows_the_coil_but_not_at_once(bench: Bench) -> None:
    bench.output.write_bytes(b"1")
    bench.relay.poll(0.0)
    bench.relay.poll(OPERATE_TIME_S[0] / 2)
    assert not bench.closed()
    bench.wait(2 * SLOWEST_S)
    assert bench.closed()
    bench.output.write_bytes(b"0")
    bench.wait(2 * SLOWEST_S)
    assert not bench.closed()


@pytest.mark.parametrize("left", [None, b"", b"x"])
def test_a_coil_without_a_clear_one_drops(bench: Bench, left: bytes | None) -> None:
    bench.output.write_bytes(b"1")
    bench.wait(2 * SLOWEST_S)
    assert bench.closed()
    if left is None:
        bench.output.unlink()
    else:
        bench.output.write_bytes(left)
    bench.wait(2 * SLOWEST_S)
    assert not bench.closed()


def test_a_coil_that_flickers_moves_nothing(bench: Bench) -> None:
    bench.output.write_bytes(b"1")
    bench.wait(2 * SLOWEST_S)
    for _ in range(5):
        bench.output.write_bytes(b"")
        bench.wait(0.01)
        bench.output.write_bytes(b"1")
        bench.wait(0.01)
        assert bench.closed()


def energise(bench: Bench, on: bool) -> None:
    bench.output.write_bytes(b"1" if on else b"0")
    bench.wait(2 * SLOWEST_S)


def breaker(bench: Bench, kind: str, **options: Any) -> None:
    bench.relay = KINDS[kind](bench.plant, 1, bench.output, bench.contact, generator(1), **options)


def by_hand(bench: Bench, *, closed: bool) -> None:
    bench.relay.operate_by_hand(bench.now_s, closed=closed)


def test_an_undervoltage_release_trips_and_only_a_person_closes(bench: Bench) -> None:
    breaker(bench, "undervoltage_release")
    with pytest.raises(ValueError, match="cannot be closed by hand now"):
        by_hand(bench, closed=True)
    energise(bench, True)
    assert not bench.closed()
    by_hand(bench, closed=True)
    bench.wait(1.0)
    assert bench.closed()
    energise(bench, False)
    assert not bench.closed()


def test_a_shunt_trip_opens_by_a_pulse_and_stays_as_it_is_without_supply(bench: Bench) -> None:
    breaker(bench, "shunt_trip", closed=True)
    bench.wait(1.0)
    assert bench.closed()
    energise(bench, True)
    assert not bench.closed()
    with pytest.raises(ValueError, match="cannot be closed"):
        by_hand(bench, closed=True)
    energise(bench, False)
    assert not bench.closed()
    by_hand(bench, closed=True)
    bench.wait(1.0)
    assert bench.closed()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["stuck", "welded"])
def test_a_fault_keeps_it_closed(bench: Bench, kind: str, fault: Fault) -> None:
    closes_by_itself = kind != "shunt_trip"
    energise(bench, closes_by_itself)
    breaker(bench, kind, closed=True)
    bench.relay.fault = fault
    energise(bench, not closes_by_itself)
    assert bench.closed()
    with pytest.raises(ValueError, match=fault):
        by_hand(bench, closed=False)
    bench.relay.fault = None
    bench.wait(2 * SLOWEST_S)
    assert not bench.closed()


def test_miners_that_are_asked_to_stop_run_down_and_begin_anew(tmp_path: Path) -> None:
    plant = SitePlant("A", [StageRating(1, 1_000_000, 1.0, 2.0)], 0, seed=1, start_s=0.0, noise=0)
    wires = [tmp_path / name for name in ("output", "contact", "soft_stop")]
    for wire in wires:
        wire.write_bytes(b"1")
    relay = Relay(plant, 1, wires[0], wires[1], generator(1), closed=True, soft_stop=wires[2])
    plant.energise(0.0)

    def power_after(seconds: float) -> int:
        until = plant.time_s + seconds
        while plant.time_s < until:
            relay.poll(plant.time_s)
            plant.advance(plant.time_s + 0.04)
        return plant.power_milliwatt(1) // 1_000_000

    assert power_after(1.5) == 1_000
    wires[2].write_bytes(b"0")
    assert 400 < power_after(1.0) < 600
    assert power_after(1.2) == 0
    assert relay.closed
    wires[2].write_bytes(b"1")
    assert power_after(0.2) < 500
    assert power_after(1.2) == 1_000
