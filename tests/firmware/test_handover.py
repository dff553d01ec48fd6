"""The second way out: what the journal holds, as a file or as lines, and nothing is forgotten."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from plant.collector import BILLING, TELEMETRY
from plant.site import Plant, until


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path)
    yield plant
    plant.close()


def metered(plant: Plant) -> None:
    """Stopped with a journal of which a collector has confirmed the beginning."""
    collector = plant.collector
    plant.gateway.start()
    collector.wait(lambda: collector.records(BILLING) and collector.records(TELEMETRY))
    collector.receipt()
    # It took the receipt: it believes the time in it.
    collector.wait(lambda: any(body[7][1] == "S" for body in collector.bodies.values()))
    plant.broker.kill()
    until(lambda: "broker:" in plant.log())
    plant.gateway.kill()


def in_file(path: Path) -> list[bytes]:
    content = path.read_bytes()
    found = []
    while content:
        size = int.from_bytes(content[:4])
        found.append(content[4 : 4 + size])
        content = content[4 + size :]
    return found


def in_lines(output: bytes) -> list[bytes]:
    lines = output.decode().splitlines()
    return [bytes.fromhex(line[6:]) for line in lines if line.startswith("frame ")]


def test_what_has_no_receipt_is_handed_over_as_it_was_signed(plant: Plant, tmp_path: Path) -> None:
    metered(plant)
    everything, pending = tmp_path / "all", tmp_path / "pending"
    assert plant.gateway.hand_over(everything, "all").returncode == 0
    done = plant.gateway.hand_over(pending)
    frames = in_file(pending)
    assert f"esep: {len(frames)} frames handed over".encode() in done.stdout
    assert frames
    assert set(frames) < set(in_file(everything))
    assert set(plant.collector.frames.values()) <= set(in_file(everything))
    assert in_lines(plant.gateway.hand_over().stdout) == frames

    plant.collector.receipt_every = 5
    plant.broker.start()  # the journal still has them, for the first way out
    plant.gateway.start()
    plant.collector.wait(lambda: set(frames) <= set(plant.collector.frames.values()))
    plant.collector.receipt()
    plant.collector.wait(lambda: not plant.collector.gaps(BILLING, TELEMETRY))
    plant.collector.check_chains()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["here"], b"is there already"),
        (["nowhere/file"], b"cannot be written"),
        (["new", "some"], b'say "pending" or "all"'),
    ],
)
def test_what_cannot_be_done_is_told(
    plant: Plant, tmp_path: Path, arguments: list[str], complaint: bytes
) -> None:
    (tmp_path / "here").write_bytes(b"kept")
    done = plant.gateway.hand_over(tmp_path / arguments[0], *arguments[1:])
    assert done.returncode == 1
    assert complaint in done.stdout
    assert (tmp_path / "here").read_bytes() == b"kept"
