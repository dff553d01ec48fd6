"""What an ESP32 runs first: it mounts the slot whose turn it is, and survives what is in it."""

import json
import subprocess
from pathlib import Path

import pytest
from conftest import FIRMWARE, HERE, MICROPYTHON
from mpremote.romfs import VfsRomWriter  # type: ignore[import-untyped]

from technician.boards import board_names, load_board

SLOT_BYTES = 40 * 4096
STARTED = 'print("started {}")\ndef main(): pass\n'
RAISES = 'raise ValueError("planned")\n'
CLOSED = ["ctrl-c unheard", "ctrl-c unheard"]
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


def run(flash: Path, cause: str = "power", button: str = "") -> tuple[list[str], list[str]]:
    """(what the application printed, what was done)"""
    script = HERE / "device" / "entry_main.py"
    ended = subprocess.run(
        [MICROPYTHON, script, flash, cause, button],
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
    assert run(flash) == (["started a"], CLOSED + AGAIN)


def test_a_release_on_trial_is_under_a_watchdog_before_it_runs(flash: Path) -> None:
    lay(flash, 0, image(STARTED.format("a")))
    lay(flash, SLOT_BYTES, image(STARTED.format("b")))
    put_on_trial(flash)
    assert run(flash) == (["started b"], [*CLOSED, "watchdog 60000", *AGAIN])


def test_one_that_raises_three_times_gives_way_to_the_old_one(flash: Path) -> None:
    lay(flash, 0, image(STARTED.format("a")))
    lay(flash, SLOT_BYTES, image(RAISES))
    put_on_trial(flash)
    for _ in range(3):
        printed, done = run(flash, "hard")
        assert printed[-1] == "ValueError: planned"
        assert done == [*CLOSED, "watchdog 60000", *AGAIN]
    assert run(flash, "hard") == (["started a"], CLOSED + AGAIN)


def test_no_image_at_all_is_said_and_the_board_starts_again(flash: Path) -> None:
    printed, done = run(flash)
    assert "OSError" in printed[-1]
    assert done == CLOSED + AGAIN


SETTINGS = (
    "class Settings:\n    def __init__(self, *_): pass\n    def has_copy(self, name): return {}\n"
)


def with_settings(is_installed: bool) -> bytes:
    writer = VfsRomWriter()
    writer.mkfile("start.py", STARTED.format("a").encode())
    writer.opendir("board")
    writer.mkfile("__init__.py", b"")
    writer.mkfile("settings.py", SETTINGS.format(is_installed).encode())
    writer.closedir()
    return bytes(writer.finalise())


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ("", [*CLOSED, *AGAIN]),
        ("held", ["ctrl-c unheard", "ctrl-c heard", *AGAIN]),
        ("pressed", [*CLOSED, "sleep 20", "ctrl-c heard", "ctrl-c unheard", "reset"]),
    ],
)
def test_a_gateways_console_hears_while_the_button_is_held(
    flash: Path, button: str, expected: list[str]
) -> None:
    lay(flash, 0, with_settings(is_installed=True))
    assert run(flash, button=button)[1] == expected


def test_a_board_of_which_no_gateway_was_made_is_open(flash: Path) -> None:
    lay(flash, 0, with_settings(is_installed=False))
    assert run(flash)[1] == [*CLOSED, "ctrl-c heard", *AGAIN]


@pytest.mark.parametrize("name", board_names())
def test_every_board_has_that_button(name: str) -> None:
    """What is frozen into the base image knows no board's file."""
    assert load_board(name).document["service_button"]["pin"] == 0
