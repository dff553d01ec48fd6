"""The gateway as a black box: meters and stages below, broker and collector above."""

import hashlib
import signal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plant.collector import BILLING, TELEMETRY, now_ms
from plant.site import ENERGY_WORDS, POWER_WORDS, Plant

from technician.bundle import compile_firmware

OPEN, RELEASE, READ = 1, 2, 3
RECEIVED, APPLIED, REFUSED, FAILED, RESTORED = 1, 2, 3, 4, 5
NO_RAMP = [0, 0]

ENERGY = struct.pack(">4H", *ENERGY_WORDS)
POWER = struct.pack(">2H", *POWER_WORDS)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    plant = Plant(tmp_path_factory.mktemp("plant"))
    try:
        plant.gateway.start()
        plant.collector.wait(lambda: plant.collector.records(TELEMETRY))
        yield plant
    finally:
        plant.close()


def order(number: int) -> bytes:
    return number.to_bytes(16, "big")


def after(plant: Plant, order_id: bytes, result: int, reason: str | None = None) -> None:
    plant.collector.wait(lambda: (result, reason) in plant.collector.results(order_id))


def firmware_hash(directory: Path) -> bytes:
    """As docs/wire-format.md §4.3 has it."""
    whole = hashlib.sha256()
    for path in sorted(compile_firmware(directory)):
        whole.update(path.encode() + b"\0")
        whole.update(hashlib.sha256((directory / path).read_bytes()).digest())
    return whole.digest()


def test_boot_comes_first_and_says_what_runs(plant: Plant, tmp_path: Path) -> None:
    first, second = plant.collector.records(BILLING)[:2]
    assert (first[0], first[2]) == (3, 1)
    assert first[3][1].startswith("micropython 1.")
    assert first[3][3] == firmware_hash(tmp_path / "firmware")
    assert (second[0], second[2]) == (3, 3)
    assert second[3] == {0: plant.gateway.configuration_hash, 1: 1}
    status = plant.collector.wait(lambda: plant.collector.statuses)[0]
    assert status["online"] is True
    assert status["firmware_hash"] == first[3][3].hex()
    assert status["configuration"] == plant.gateway.configuration_hash.hex()
    hashes = {body[6] for body in plant.collector.bodies.values()}
    assert hashes == {plant.gateway.configuration_hash}


def test_intervals_stand_on_clock_boundaries(plant: Plant) -> None:
    def intervals() -> list[list[Any]]:
        return [record for record in plant.collector.records(BILLING) if record[0] == 1]

    plant.collector.wait(lambda: len(intervals()) >= 6)
    assert {(slot, quality, raw) for _, slot, _, _, quality, raw in intervals()} == {
        (0, None, ENERGY),
        (1, None, ENERGY),
    }
    for slot in (0, 1):
        boundaries = [record[2] for record in intervals() if record[1] == slot]
        assert all(boundary % 1000 == 0 for boundary in boundaries)
        assert len(boundaries) == len(set(boundaries))


def test_samples_hold_every_quantity(plant: Plant) -> None:
    # Zeros fill the registers between the two on no real unit: the plan must leave the gap out.
    plant.collector.wait(lambda: len(plant.collector.records(TELEMETRY)) >= 6)
    samples = plant.collector.records(TELEMETRY)
    assert {(kind, quality, raw) for kind, _, _, quality, raw in samples} == {
        (2, None, ENERGY + POWER)
    }


def test_receipts_empty_the_journal_and_set_the_clock(plant: Plant) -> None:
    plant.collector.receipt()

    def synchronised() -> bool:
        newest = max(key for key in plant.collector.bodies if key[0] == BILLING)
        letter: str = plant.collector.bodies[newest][7][1]
        return letter == "S"

    plant.collector.wait(synchronised)
    plant.collector.check_chains()


def test_what_a_receipt_wants_is_sent_again(plant: Plant) -> None:
    def arrivals() -> list[int]:
        return [seq for stream, _, seq in plant.collector.arrivals if stream == BILLING]

    assert arrivals().count(2) == 1
    plant.collector.receipt(wanted=[[2, 3]])
    plant.collector.wait(lambda: arrivals().count(2) == 2 and arrivals().count(3) == 2)


def test_open_and_release(plant: Plant) -> None:
    collector = plant.collector
    collector.send(plant.site.command(OPEN, order=order(1), stages=[1, 2]))
    after(plant, order(1), APPLIED)
    assert not plant.gateway.output(1)
    assert not plant.gateway.output(2)
    opened = [event for event in collector.events(5) if event.get(3) == order(1)]
    assert [(event[0], event[1], event[2]) for event in opened] == [
        (1, 0, "command"),
        (2, 0, "command"),
    ]
    collector.send(plant.site.command(RELEASE, order=order(2), ramp=NO_RAMP))
    after(plant, order(2), RESTORED)
    assert collector.results(order(1)) == [(RECEIVED, None), (APPLIED, None)]
    assert collector.results(order(2)) == [(RECEIVED, None), (APPLIED, None), (RESTORED, None)]
    assert plant.gateway.output(1)
    assert plant.gateway.output(2)


def test_zone_command(plant: Plant) -> None:
    plant.collector.send(plant.site.command(OPEN, "east", order=order(3), stages=[2]), zone="east")
    after(plant, order(3), APPLIED)
    command = plant.site.command(RELEASE, "east", order=order(4), stages=[2], ramp=NO_RAMP)
    plant.collector.send(command, zone="east")
    after(plant, order(4), RESTORED)


def test_a_zones_message_that_was_overtaken_by_an_own_one_is_refused(plant: Plant) -> None:
    """Whichever way they came: it would open what a newer command released."""
    late = plant.site.command(OPEN, "east", order=order(50), stages=[2])
    plant.collector.send(plant.site.command(RELEASE, order=order(51), stages=[2], ramp=NO_RAMP))
    after(plant, order(51), RESTORED)
    plant.collector.send(late, zone="east")
    after(plant, order(50), REFUSED, "replayed")
    late = plant.site.command(OPEN, order=order(52), stages=[2])
    command = plant.site.command(RELEASE, "east", order=order(53), stages=[2], ramp=NO_RAMP)
    plant.collector.send(command, zone="east")
    after(plant, order(53), RESTORED)
    plant.collector.send(late)
    after(plant, order(52), REFUSED, "replayed")
    assert plant.gateway.output(2)


def test_an_order_ends_at_its_time(plant: Plant) -> None:
    command = plant.site.command(
        OPEN, order=order(5), stages=[2], until_ms=now_ms() + 2000, ramp=NO_RAMP
    )
    plant.collector.send(command)
    after(plant, order(5), RESTORED)
    causes = [event[2] for event in plant.collector.events(5) if event.get(3) == order(5)]
    assert causes == ["command", "expiry"]


def test_minimum_off_time_holds_against_a_release(plant: Plant) -> None:
    plant.collector.send(plant.site.command(OPEN, order=order(6), stages=[3]))
    after(plant, order(6), APPLIED)
    plant.collector.send(plant.site.command(RELEASE, order=order(7), stages=[3], ramp=NO_RAMP))
    after(plant, order(7), RESTORED)
    opened, closed = (
        record[1]
        for record in plant.collector.records(BILLING)
        if record[0] == 3 and record[2] == 5 and record[3].get(3) in (order(6), order(7))
    )
    assert closed - opened >= 900  # less what the contacts' positions are looked at late


def test_contact_that_does_not_follow(plant: Plant) -> None:
    plant.contactors.stuck.add(1)
    plant.collector.send(plant.site.command(OPEN, order=order(8), stages=[1]))
    after(plant, order(8), FAILED, "contact")
    plant.contactors.stuck.clear()
    plant.collector.send(plant.site.command(RELEASE, order=order(9), stages=[1], ramp=NO_RAMP))
    after(plant, order(9), RESTORED)


def test_readings_on_demand_come_before_the_answer(plant: Plant) -> None:
    plant.collector.send(plant.site.command(READ, order=order(10)))
    after(plant, order(10), APPLIED)
    records = plant.collector.records(BILLING)
    readings = [record for record in records if record[0] == 4]
    assert sorted((record[1], record[4]) for record in readings) == [(0, ENERGY), (1, ENERGY)]
    applied = next(r for r in records if r[0] == 3 and r[3].get(0) == order(10) and r[3][2] == 2)
    assert all(records.index(reading) < records.index(applied) for reading in readings)


def refusal(plant: Plant, command: bytes, order_id: bytes) -> dict[int, Any]:
    plant.collector.send(command)

    def found() -> list[dict[int, Any]]:
        return [e for e in plant.collector.events(4) if e[0] == order_id and e[2] == REFUSED]

    event: dict[int, Any] = plant.collector.wait(found)[0]
    return event


def test_refusals(plant: Plant) -> None:
    site = plant.site
    last = site.counter

    replayed = site.command(OPEN, order=order(20), counter=1)
    event = refusal(plant, replayed, order(20))
    assert (event[3], event[5]) == ("replayed", last)
    site.counter = last

    expired = site.command(OPEN, order=order(21), expires_ms=now_ms() - 1)
    assert refusal(plant, expired, order(21))[3] == "expired"

    elsewhere = site.command(OPEN, "west", order=order(22))
    assert refusal(plant, elsewhere, order(22))[3] == "not_for_me"

    unknown = site.command(OPEN, order=order(23), stages=[9])
    assert refusal(plant, unknown, order(23))[3] == "unknown_stage"

    genuine = site.command(OPEN, order=order(24))
    forged = genuine[:-1] + bytes([genuine[-1] ^ 1])
    assert refusal(plant, forged, order(24))[3] == "bad_signature"

    body = {0: 1, 1: site.gateway, 2: last + 9, 3: 0, 4: now_ms() + 60_000, 5: order(24), 6: OPEN}
    wrong_role = site.authority.issue("receipts", "command", {**body, 5: order(25)})
    assert refusal(plant, wrong_role, order(25))[3] == "bad_signature"

    shapeless = site.authority.issue("orders", "command", {**body, 5: order(26), 7: "all"})
    assert refusal(plant, shapeless, order(26))[3] == "wrong_shape"

    plant.collector.publish(f"esep/v1/{site.gateway.hex()}/command", b"\x00" * 100)
    plant.collector.wait(lambda: (REFUSED, "malformed") in plant.collector.results(bytes(16)))
    assert all(map(plant.gateway.output, (1, 2, 3)))


def test_the_same_command_again_is_ignored(plant: Plant) -> None:
    command = plant.site.command(OPEN, order=order(30), stages=[2])
    for _ in range(2):
        plant.collector.send(command)
    after(plant, order(30), APPLIED)
    plant.collector.send(plant.site.command(RELEASE, order=order(31), ramp=NO_RAMP))
    after(plant, order(31), RESTORED)
    assert plant.collector.results(order(30)) == [(RECEIVED, None), (APPLIED, None)]


def test_oversize_packet_is_skipped(plant: Plant) -> None:
    plant.collector.publish(f"esep/v1/{plant.site.gateway.hex()}/command", bytes(10_000_000))
    plant.collector.send(plant.site.command(READ, order=order(40)))
    after(plant, order(40), APPLIED)
    assert "a message of 10000000 bytes is too large" in plant.log()
    assert len(plant.collector.events(1)) == 1


def test_silent_meter_is_told_and_back(plant: Plant) -> None:
    plant.tcp_server.stop()
    plant.collector.wait(lambda: {0: 1, 1: 0} in plant.collector.events(6))
    missing = plant.collector.wait(
        lambda: [r for r in plant.collector.records(BILLING) if r[0] == 1 and r[4] == b"\x02"]
    )
    assert missing[-1][5] == b""
    plant.collector.send(plant.site.command(READ, order=order(50)))
    after(plant, order(50), APPLIED)  # the other meter is there
    plant.tcp_server.start()
    plant.collector.wait(lambda: {0: 1, 1: 1} in plant.collector.events(6))


def test_no_task_failed(plant: Plant) -> None:
    assert plant.collector.events(9) == []
    plant.collector.check_chains()


def test_asked_to_stop_it_hands_over_all_it_has(plant: Plant) -> None:
    plant.collector.receipt_every = 1
    plant.gateway.ask_to_stop()
    plant.collector.receipt()  # for what came before; each further frame brings its own
    assert plant.gateway.process
    assert plant.gateway.process.wait(20) == 0
    plant.collector.wait(lambda: plant.collector.statuses[-1]["online"] is False)
    plant.collector.check_chains()
    assert "not everything" not in plant.log()
    assert "Traceback" not in plant.log()


def test_interrupt_ends_it_at_once(plant: Plant) -> None:
    plant.gateway.start()
    plant.collector.wait(lambda: plant.collector.statuses[-1]["online"] is True)
    assert plant.gateway.interrupt() == -signal.SIGINT
    will = plant.collector.wait(
        lambda: plant.collector.statuses[-1]["online"] is False and plant.collector.statuses[-1]
    )
    assert set(will) == {"online", "firmware", "firmware_hash", "configuration"}
    assert "Traceback" not in plant.log()


def test_an_older_configuration_is_refused(plant: Plant) -> None:
    gateway = plant.gateway
    gateway.configure(plant.site.authority, version=2)
    gateway.start()
    newer = {0: gateway.configuration_hash, 1: 2}
    plant.collector.wait(lambda: plant.collector.events(3)[-1] == newer)
    gateway.kill()
    gateway.configure(plant.site.authority, version=1)
    starts = len(plant.collector.events(1))
    gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)
    gateway.kill()
    assert plant.collector.events(3)[-1] == newer
    (told,) = (event[1] for event in plant.collector.events(9) if event[0] == "settings")
    assert "version 1, and version 2 was in force" in told


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("root.pub", b"short", "root.pub"),
        ("configuration.cose", b"\x00", "configuration.cose"),
        ("network.json", b"{", "network.json"),
        ("identity.key", b"", "enrol.py"),
    ],
)
def test_what_is_missing_is_named(plant: Plant, name: str, content: bytes, word: str) -> None:
    """Where there is no copy to go on with."""
    settings = plant.gateway.directory / "settings.bin"
    kept = settings.read_bytes()
    settings.write_bytes(kept.replace(name.encode(), bytes(len(name))))
    (plant.gateway.directory / name).write_bytes(content)
    plant.gateway.start()
    assert plant.gateway.process
    assert plant.gateway.process.wait(20) == 1
    settings.write_bytes(kept)
    (plant.gateway.directory / name).unlink(missing_ok=True)
    assert word in plant.log().splitlines()[-1]
