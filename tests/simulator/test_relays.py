"""Relays follow their coil after their own time, and report by contact."""

from pathlib import Path

import pytest

from simulator.plant import SitePlant, generator
from simulator.relays import OPERATE_TIME_S, Relay
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
