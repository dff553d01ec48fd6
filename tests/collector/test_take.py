"""Frames from a file: the same intake as the broker's, and told what became of each."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from collector_world import BILLING, TELEMETRY, TestGateway, World
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from typer.testing import CliRunner

from collector.cli.collector import app
from collector.intake.files import CutOffError, deliveries
from collector.ledger.chain import ChainFollower
from collector.ledger.followers import advance
from collector.ledger.ledger import Ledger
from collector.storage import lock, reading
from collector.storage.tables import quarantine


def binary(messages: Iterable[bytes]) -> bytes:
    return b"".join(len(message).to_bytes(4) + message for message in messages)


def console(messages: list[bytes], noise: str = "") -> bytes:
    lines = [f"frame {message.hex()}\r\n{noise}" for message in messages]
    return "".join([*lines, f"esep: {len(messages)} frames handed over; …\r\n"]).encode()


@pytest.fixture
def frames(world: World) -> list[bytes]:
    billing, telemetry = world.gateway.chain(BILLING), world.gateway.chain(TELEMETRY)
    return [billing.next() for _ in range(3)] + [telemetry.next() for _ in range(2)]


def take(directory: Path, *files: bytes) -> tuple[int, Any]:
    """The exit code, and what is said of the only file or of each."""
    paths = []
    for number, content in enumerate(files):
        paths.append(directory / f"{number}.frames")
        paths[-1].write_bytes(content)
    done = CliRunner().invoke(app, ["take", str(directory), *map(str, paths), "--json"])
    told = json.loads(done.stdout)
    return done.exit_code, told[0] if len(files) == 1 else told


def ledger(world: World) -> list[bytes]:
    return [entry.raw for entry in Ledger(world.engine).entries()]


@pytest.mark.parametrize("form", [binary, console])
def test_frames_are_kept_as_their_very_bytes(
    world: World, frames: list[bytes], tmp_path: Path, form: Any
) -> None:
    code, told = take(tmp_path, form(frames))
    assert (code, told["added"], told["repeated"], told["refused"]) == (0, 5, 0, [])
    assert told["gateways"] == {world.gateway.id.hex(): 5}
    assert ledger(world) == frames


def test_what_the_broker_brought_already_is_no_second_frame(
    world: World, frames: list[bytes], tmp_path: Path
) -> None:
    world.append(frames[:2])
    for added, repeated in ((3, 2), (0, 5)):
        _, told = take(tmp_path, binary(frames))
        assert (told["added"], told["repeated"]) == (added, repeated)
    assert ledger(world) == frames


def test_several_files_and_more_than_a_batch(world: World, tmp_path: Path) -> None:
    chain = world.gateway.chain(TELEMETRY)
    frames = [chain.next() for _ in range(1100)]
    code, told = take(tmp_path, binary(frames[:50]), binary(frames))
    assert (code, [each["added"] for each in told]) == (0, [50, 1050])
    assert ledger(world) == frames


def test_what_is_refused_is_told_and_the_rest_is_kept(
    world: World, frames: list[bytes], tmp_path: Path
) -> None:
    forged = frames[1][:-1] + bytes([frames[1][-1] ^ 1])
    stranger = TestGateway().frame()
    code, told = take(tmp_path, binary([frames[0], forged, stranger, b"\xa0", frames[2]]))
    assert code == 1
    assert [refused["reason"] for refused in told["refused"]] == [
        "bad_signature",
        "unknown_gateway",
        "wrong_shape",
    ]
    assert ledger(world) == [frames[0], frames[2]]
    with reading(world.engine) as connection:
        assert set(connection.scalars(select(quarantine.c.topic))) == {"file:0.frames"}


def test_a_line_that_was_spoilt_on_the_way_is_refused(
    world: World, frames: list[bytes], tmp_path: Path
) -> None:
    text = console(frames, noise="boot: ESP32\n").splitlines(keepends=True)
    text[2] = text[2][:100] + b"\n"
    code, told = take(tmp_path, b"".join(text))
    assert (code, told["added"]) == (1, 4)
    assert [refused["reason"] for refused in told["refused"]] == ["malformed"]
    assert told["cut_off"] is None


@pytest.mark.parametrize("form", [binary, console])
def test_a_file_that_was_cut_off_is_told(
    world: World, frames: list[bytes], tmp_path: Path, form: Any
) -> None:
    whole = form(frames)
    code, told = take(tmp_path, whole[: len(whole) - len(form(frames[4:])) - 20])
    assert code == 1
    assert told["cut_off"]
    assert ledger(world) == frames[: told["added"]]
    assert told["added"] >= 3


@given(st.lists(st.binary(min_size=1, max_size=300)), st.data())
def test_of_any_prefix_every_whole_message_is_read(
    tmp_path_factory: pytest.TempPathFactory, messages: list[bytes], data: st.DataObject
) -> None:
    whole = binary(messages)
    size = data.draw(st.integers(0, len(whole)))
    path = tmp_path_factory.getbasetemp() / "prefix"
    path.write_bytes(whole[:size])
    found = []
    try:
        for delivery in deliveries(path):
            found.append(delivery.head)  # noqa: PERF401  until it raises
        cut_off = False
    except CutOffError:
        cut_off = True
    assert found == messages[: len(found)]
    assert len(binary(messages[: len(found) + 1])) > size or len(found) == len(messages)
    assert cut_off == (size != len(binary(found)))


def test_the_collector_may_run_meanwhile(world: World, frames: list[bytes], tmp_path: Path) -> None:
    """Its followers find what is new, whoever put it there."""
    held = lock.take(tmp_path)
    world.append(frames[:1])
    assert advance(world.engine, ChainFollower()) == 1
    path = tmp_path / "handover"
    path.write_bytes(binary(frames))
    esep = Path(sys.executable).with_name("esep")
    command: list[str | Path] = [esep, "collector", "take", tmp_path, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "4 new, 1 were here already" in done.stdout
    world.append([world.gateway.chain(TELEMETRY, epoch=2).next()])
    assert advance(world.engine, ChainFollower()) == 5
    held.close()


def test_a_file_that_is_not_there_is_named(world: World, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["take", str(tmp_path), str(tmp_path / "nothing")])
    assert done.exit_code == 2
    assert "nothing: No such file" in done.stderr
