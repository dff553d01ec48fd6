"""What an ESP32 runs first: it mounts the slot whose turn it is, and survives what is in it."""

import json
import subprocess
from pathlib import Path

import pytest
from conftest import FIRMWARE, HERE, MICROPYTHON
from mpremote.romfs import VfsRomWriter  # type: ignore[import-untyped]

SLOT_BYTES = 40 * 4096
STARTED = 'print("started {}")\ndef main(): pass\n'
RAISES = 'raise ValueError("planned")\n'
AGAIN = ["sleep 20", "reset"]


def image(source: str) -> bytes:
    writer = VfsRomWriter()
    writer.mkfile("start.py", source.encode())
    return bytes(writer.finalise())


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    file = tmp_path / "flash"
    file.write_bytes(b"\xff" * 2 * SLOT_BYTES)
    return file


def lay(flash: Path, at: int, content: bytes) -> None:
    with flash.open("r+b") as file:
        file.seek(at)
        file.write(content)


def run(flash: Path, cause: str = "power") -> tuple[list[str], list[str]]:
    """(what the application printed, what was done)"""
    script = HERE / "device" / "entry_main.py"
    ended = subprocess.run(
        [MICROPYTHON, script, flash, "", cause],
        env={"MICROPYPATH": f".frozen:{FIRMWARE}:{HERE / 'device'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    *printed, _, done = ended.stdout.splitlines()
    return printed, json.loads(done.replace("'", '"'))


def put_on_trial(flash: Path) -> None:
    """As an update leaves it."""
    code = (
        "import sys; from nor import Nor; import slots; s = slots.Slots(Nor(sys.argv[1], 80));"
        "s.begin(7, bytes(8), 0); s.feed(slots.VERIFIED, '')"
    )
    subprocess.run(
        [MICROPYTHON, "-c", code, flash],
        env={"MICROPYPATH": f".frozen:{FIRMWARE}:{HERE / 'device'}"},
        check=True,
    )


def test_a_board_that_was_flashed_starts_its_first_slot(flash: Path) -> None:
    lay(flash, 0, image(STARTED.format("a")))
    assert run(flash) == (["started a"], AGAIN)


def test_a_release_on_trial_is_under_a_watchdog_before_it_runs(flash: Path) -> None:
    lay(flash, 0, image(STARTED.format("a")))
    lay(flash, SLOT_BYTES, image(STARTED.format("b")))
    put_on_trial(flash)
    assert run(flash) == (["started b"], ["watchdog 60000", *AGAIN])


def test_one_that_raises_three_times_gives_way_to_the_old_one(flash: Path) -> None:
    lay(flash, 0, image(STARTED.format("a")))
    lay(flash, SLOT_BYTES, image(RAISES))
    put_on_trial(flash)
    for _ in range(3):
        printed, done = run(flash, "hard")
        assert printed[-1] == "ValueError: planned"
        assert done == ["watchdog 60000", *AGAIN]
    assert run(flash, "hard") == (["started a"], AGAIN)


def test_no_image_at_all_is_said_and_the_board_starts_again(flash: Path) -> None:
    printed, done = run(flash)
    assert "OSError" in printed[-1]
    assert done == AGAIN
