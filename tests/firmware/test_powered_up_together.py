"""Gateways of one zone that get their supply back at one moment: each returns in its own slot."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from plant.authority import Authority
from plant.broker import Broker
from plant.gateway import Gateway, meter, stage
from plant.modbus import Loop, Server
from plant.site import QUANTITIES, TCP_UNIT, Contactors, device, until

GATEWAYS = 4
SLOT_MS = 4_000
CYCLE_MS = GATEWAYS * SLOT_MS
COARSE_MS = 10
"""By so much a file's time may be behind the clock."""


@pytest.fixture
def zone(tmp_path: Path) -> Iterator[list[Gateway]]:
    """They lost their supply; how long ago nobody can tell."""
    loop, authority = Loop(), Authority()
    meters, broker = Server(loop, [device(TCP_UNIT)]), Broker(tmp_path)
    made: list[Gateway] = []
    contactors = []
    try:
        for place in range(GATEWAYS):
            directory = tmp_path / f"gateway-{place}"
            directory.mkdir()
            gateway = Gateway(directory)
            gateway.provision(
                authority,
                broker.port,
                buses=[[1, "127.0.0.1", meters.port]],
                meters=[meter(0, 0, TCP_UNIT, QUANTITIES)],
                stages=[stage(1) | {10: [CYCLE_MS, place * SLOT_MS]}],
            )
            (directory / "reset").write_text("power")
            contactors.append(Contactors(gateway))
            made.append(gateway)
        yield made
    finally:
        for each in contactors:
            each.close()
        for gateway in made:
            if gateway.process:
                gateway.kill()
        broker.kill()
        meters.stop()
        loop.close()


def is_back(output: Path, before_ns: int) -> bool:
    return output.stat().st_mtime_ns > before_ns and output.read_text() == "1"


def test_no_two_return_in_one_slot(zone: list[Gateway]) -> None:
    """By when each output was energised again."""
    outputs = [Path(gateway.board["outputs"]["1"]) for gateway in zone]
    before = [output.stat().st_mtime_ns for output in outputs]
    for gateway in zone:
        gateway.start()
    for place, output in enumerate(outputs):
        until(partial(is_back, output, before[place]))
        at_ms = output.stat().st_mtime_ns // 1_000_000 + COARSE_MS
        assert at_ms % CYCLE_MS // SLOT_MS == place
