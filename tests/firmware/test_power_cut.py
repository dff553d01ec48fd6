"""The power is cut at every flash operation of an hour's work, and at one more soon after.

After each cut every frame without receipt is there once and in order, or named as dropped; the next
seq follows; each frame names the one before it; cells hold their old or their new value.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]

WAYS = int(os.environ.get("ESEP_CUTS", "2"))
"""In which an operation is cut: before it, in half of its bytes, or of their bits, …; 6 are all."""


@pytest.fixture
def ask(start_device: Callable[..., Any], tmp_path: Path) -> Ask:
    asking: Ask = start_device("power_cut", str(tmp_path / "flash")).ask
    return asking


def test_power_cut_at_every_operation_of_an_hour(ask: Ask) -> None:
    cuts = 0
    for _ in range(ask("begin")):
        of_step, dropped = ask("cut_step", WAYS, 3)
        cuts += of_step
    assert cuts > 300 * WAYS
    assert dropped > 1
