"""What the firmware takes of an ESP32's heap, as docs/memory.md tells it."""

import os
import re
from pathlib import Path

import pytest

from benchmarks import memory

DOCUMENT = Path(__file__).parents[2] / "docs" / "memory.md"
ALLOWED_BYTES = 48
"""A module is told within so much and a tenth."""


MOVED = 4
"""Modules at which a step of the pool of names falls due, or fell due before one name more."""


@pytest.fixture(scope="module")
def measured() -> dict[str, int]:
    try:
        return memory.measure()
    except memory.MemoryToolError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


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
    """Of the 112 KiB of a heap that has grown once, at most half before what is needed seldom."""
    assert sum(measured[name] for name in memory.started()) <= 56 * 1024
