"""What the firmware takes of an ESP32's heap, as docs/memory.md tells it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from absent import absent

from benchmarks import memory
from technician.bundle import write_bundle

DOCUMENT = Path(__file__).parents[2] / "docs" / "memory.md"
ALLOWED_BYTES = 48
"""A module is told within so much and a tenth."""


NAMES = 20 + 40 + 80 + 160 + 320
"""So many fit into MicroPython's pools of names before it takes the one of 640."""

MOVED = 4
"""Modules at which a step of the pool of names falls due, or fell due before one name more."""


@pytest.fixture(scope="module")
def measured() -> dict[str, int]:
    try:
        return memory.measure()
    except memory.MemoryToolError as error:
        absent(str(error))


@pytest.fixture(scope="module")
def told() -> dict[str, int]:
    rows = re.findall(
        r"^\| `([a-z0-9_.]+)` \| (\d+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE
    )
    return {name: int(size) for name, size in rows}


def test_the_document_tells_of_every_module_what_it_takes(
    measured: dict[str, int], told: dict[str, int]
) -> None:
    print(memory.table(measured))
    assert set(told) == set(measured)
    wrong = {
        name: (size, told[name])
        for name, size in measured.items()
        if abs(size - told[name]) > ALLOWED_BYTES + size // 10
    }
    old = "docs/memory.md is not of this firmware: esep bench memory prints the table"
    assert len(wrong) <= MOVED, f"{old}: {wrong}"
    assert abs(sum(measured.values()) - sum(told.values())) <= ALLOWED_BYTES * len(told), old


def test_the_code_leaves_an_esp32_room_to_work(measured: dict[str, int]) -> None:
    """At most half of 96 KiB, before a bus and what is needed seldom."""
    assert sum(measured[name] for name in memory.started()) <= 48 * 1024


def test_all_that_a_gateway_runs_needs_no_pool_of_640_names(tmp_path: Path) -> None:
    """It would be 4.5 KiB in one piece, taken when an order or an object comes, of all times."""
    image = tmp_path / "firmware.romfs"
    write_bundle(image)
    modules = ["start", "board.unix", "board.settings", "board.staging", *memory.modules()]
    modules.remove("gateway.stopped")  # for rotate and retire, which run by themselves
    modules.remove("gateway.modbus.survey")  # for a technician, while the gateway is stopped
    frozen = ["slots"]  # an ESP32 has its names in flash
    assert _names(image, frozen + modules) - _names(image, frozen) <= NAMES


def _names(image: Path, modules: list[str]) -> int:
    """How many MicroPython adds."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("micropython"),
            "-X",
            "heapsize=4m",
            Path(__file__).with_name("device") / "all_names.py",
            image,
            *modules,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.search(r"n_qstr=(\d+)", done.stdout)
    assert found
    return int(found[1])
