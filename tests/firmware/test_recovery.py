"""What a gateway keeps through the death of its process, of its broker, and a full journal."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plant.collector import BILLING, PATIENCE_S, TELEMETRY, Collector
from plant.site import Plant, until

OPEN, RELEASE, READ = 1, 2, 3
APPLIED, RESTORED = (2, None), (5, None)

Make = Callable[..., Plant]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    plants = []

    def make_plant(**options: Any) -> Plant:
        plants.append(Plant(tmp_path, **options))
        return plants[-1]

    yield make_plant
    for plant in plants:
        plant.close()


def boundaries(plant: Plant, slot: int) -> list[int]:
    records = plant.collector.records(BILLING)
    return [record[2] for record in records if record[0] == 1 and record[1] == slot]


def restarted(collector: Collector, starts: int, seen: int) -> None:
    """Wait for the boot event of a start, and for a frame after the last that was seen."""
    collector.wait(lambda: len(collector.events(1)) == starts)
    collector.wait(lambda: max(key[2] for key in collector.frames if key[0] == BILLING) > seen)


def test_killed_process_goes_on_with_its_chains_and_its_orders(make: Make) -> None:
    plant = make()
    collector = plant.collector
    plant.gateway.start()
    collector.wait(lambda: collector.records(TELEMETRY))
    order = bytes(15) + b"\x01"
    collector.send(plant.site.command(OPEN, order=order, stages=[1]))
    collector.wait(lambda: APPLIED in collector.results(order))
    for starts in (2, 3):
        seen = max(key[2] for key in collector.frames if key[0] == BILLING)
        plant.gateway.kill()
        plant.gateway.start()
        restarted(collector, starts, seen)
        assert not plant.gateway.output(1)
        assert plant.gateway.output(2)
    second = bytes(15) + b"\x02"
    collector.send(plant.site.command(RELEASE, order=second, ramp=[0, 0]))
    collector.wait(lambda: RESTORED in collector.results(second))
    old = plant.site.command(OPEN, order=bytes(15) + b"\x03", counter=1)
    collector.send(old)
    collector.wait(lambda: (3, "replayed") in collector.results(bytes(15) + b"\x03"))
    assert plant.gateway.output(1)
    collector.check_chains()
    assert collector.events(3) == [{0: plant.gateway.configuration_hash, 1: 1}]


def test_a_read_that_no_meter_answers_failed(make: Make) -> None:
    plant = make()
    for server in (plant.rtu_server, plant.tcp_server):
        server.stop()
    plant.gateway.start()
    plant.collector.wait(lambda: plant.collector.events(1))
    order = bytes(15) + b"\x01"
    plant.collector.send(plant.site.command(READ, order=order))
    plant.collector.wait(lambda: len(plant.collector.results(order)) == 2)
    assert plant.collector.results(order) == [(1, None), (4, "no_answer")]


def test_it_asks_for_a_clean_session(make: Make) -> None:
    """What a broker kept for it is stale, and would come first."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_S)
        plant = make(broker_port=server.getsockname()[1])
        plant.gateway.start()
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as stream:
            packet = stream.read(20)
    protocol = packet.index(b"\x00\x04MQTT\x04")
    assert packet[protocol + 7] & 0x02


def test_open_stage_without_an_order_returns(make: Make) -> None:
    plant = make()
    Path(plant.gateway.board["outputs"]["2"]).write_text("0")
    plant.gateway.start()
    until(lambda: plant.gateway.output(2))
    plant.collector.wait(lambda: {0: 2, 1: 1, 2: "boot"} in plant.collector.events(5))


def test_killed_broker_loses_nothing(make: Make) -> None:
    plant = make()
    collector = plant.collector
    plant.gateway.start()
    collector.wait(lambda: len(boundaries(plant, 0)) >= 2)
    plant.broker.kill()
    until(lambda: "broker:" in plant.log())
    plant.broker.start()
    before = len(boundaries(plant, 0))
    collector.wait(lambda: len(boundaries(plant, 0)) >= before + 2)
    collector.receipt()
    collector.wait(lambda: not collector.gaps(BILLING, TELEMETRY))
    collector.check_chains()
    for slot in (0, 1):
        found = boundaries(plant, slot)
        assert found == list(range(found[0], found[-1] + 1, 1000))


def test_what_no_receipt_covers_is_sent_again(make: Make) -> None:
    plant = make(network={"resend_after_s": 1})
    plant.gateway.start()

    def arrivals() -> int:
        return plant.collector.arrivals.count((BILLING, 1, 1))

    plant.collector.wait(lambda: arrivals() >= 2)
    plant.collector.receipt()
    plant.collector.wait(lambda: plant.collector.statuses)
    plant.collector.check_chains()


def test_full_journal_stops_nothing(make: Make) -> None:
    plant = make(flash_blocks=16, periods_ms=(200, 100, 100))
    collector = plant.collector
    plant.broker.kill()
    plant.gateway.start()
    flash = Path(plant.gateway.board["flash"])
    until(lambda: "journal full" in plant.log())
    cells = 4 * 4096  # where it is noted: billing has no room to tell of it
    until(lambda: b"dropped" in flash.read_bytes()[:cells])
    collector.receipt_every = 10
    plant.broker.start()
    collector.wait(lambda: any(event[0] == "journal" for event in collector.events(9)))
    collector.wait(lambda: collector.events(7) and not collector.gaps(BILLING))
    dropped = collector.events(7)[0]
    assert (dropped[0], dropped[1], dropped[2]) == (TELEMETRY, 1, 1)
    lost = {(TELEMETRY, 1, seq) for seq in range(dropped[2], dropped[3] + 1)}
    assert not lost & set(collector.frames)
    assert "Traceback" not in plant.log()
