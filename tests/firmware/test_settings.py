"""Settings survive what becomes of flash and of the file system: cuts, flipped bits, lost files."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

Ask = Callable[..., Any]

BLOCK_BYTES, BLOCKS = 4096, 6
SIDE_BYTES = BLOCKS // 3 * BLOCK_BYTES
VALUES = {"root.pub": "r" * 64, "network.json": "{" * 300, "configuration.cose": "c" * 1500}


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    return tmp_path / "flash"


@pytest.fixture
def ask(start_device: Callable[..., Any], flash: Path, tmp_path: Path) -> Ask:
    asking: Ask = start_device("settings_console", str(flash), f"{tmp_path}/").ask
    asking("mount")
    return asking


@pytest.fixture
def full(ask: Ask) -> Ask:
    for name, value in VALUES.items():
        assert ask("write", name, value)
    return ask


def read_all(ask: Ask) -> dict[str, Any]:
    return {name: ask("read", name) for name in VALUES}


def damage(flash: Path, *addresses: int) -> None:
    content = bytearray(flash.read_bytes())
    for address in addresses:
        content[address] ^= 1 << address % 8
    flash.write_bytes(content)


@pytest.mark.parametrize("kept", [0, 400, 1000])
def test_power_cut_in_every_operation(ask: Ask, kept: int) -> None:
    assert ask("cut_everywhere", kept, 30, kept) > 200


@pytest.mark.parametrize("kept", [0, 300, 1000])
def test_power_cut_while_a_configuration_comes_in(ask: Ask, kept: int) -> None:
    """5120 bytes in parts of 700: the old one until all is there, then the new one."""
    cuts, first_new = ask("cut_a_configuration_coming_in", 5120, 700, kept)
    assert 10 <= first_new < cuts - 20


def test_a_configuration_with_which_no_start_ends_is_tried_three_times(ask: Ask) -> None:
    assert ask("tries") == 3


def test_what_was_never_written_is_not_there(ask: Ask) -> None:
    assert ask("read", "root.pub") is None
    assert ask("mount") == []


def test_what_a_technician_lays_down_is_taken_over(full: Ask, tmp_path: Path) -> None:
    laid = tmp_path / "network.json"
    laid.write_text("new")
    assert full("read", "network.json") == "new"
    assert not laid.exists()
    assert full("mount") == []
    assert full("read", "network.json") == "new"


def test_lost_file_system(full: Ask, tmp_path: Path) -> None:
    """Nothing of it is needed once it was read."""
    assert [path.name for path in tmp_path.iterdir()] == ["flash"]
    assert full("mount") == []
    assert read_all(full) == VALUES


@pytest.mark.parametrize("side", [0, 1])
def test_one_side_is_gone(full: Ask, flash: Path, side: int) -> None:
    content = bytearray(flash.read_bytes())
    content[side * SIDE_BYTES : (side + 1) * SIDE_BYTES] = random.Random(side).randbytes(SIDE_BYTES)
    flash.write_bytes(content)
    assert len(full("mount")) == len(VALUES)
    assert read_all(full) == VALUES
    assert full("mount") == [], "it was made anew"


def test_both_copies_damaged_is_said(full: Ask, flash: Path) -> None:
    at = flash.read_bytes().index(b"{{{{")
    damage(flash, at, at + SIDE_BYTES)
    assert full("mount") == ["both copies of network.json are damaged"]
    assert read_all(full) == VALUES | {"network.json": None}
    assert full("write", "network.json", "new")
    assert full("mount") == []


def test_an_older_value_is_never_put_for_a_damaged_one(full: Ask, flash: Path) -> None:
    """The number of an epoch must not come again."""
    full("write", "identity.key", "epoch 1")
    full("write", "identity.key", "epoch 2")
    at = flash.read_bytes().index(b"epoch 2")
    damage(flash, at, at + SIDE_BYTES)
    full("mount")
    assert full("read", "identity.key") is None


def test_a_destroyed_setting_is_nowhere_in_flash(full: Ask, flash: Path) -> None:
    full("write", "identity.key", "first secret")
    full("write", "identity.key", "second secret")
    full("write", "identity.key", "")
    assert b"secret" not in flash.read_bytes()
    assert full("read", "identity.key") is None
    assert full("mount") == []
    assert read_all(full) == VALUES


def test_what_was_replaced_can_be_forgotten(full: Ask, flash: Path) -> None:
    full("write", "identity.key", "first secret")
    full("write", "identity.key", "retired")
    assert b"secret" in flash.read_bytes()
    full("forget_old")
    assert b"secret" not in flash.read_bytes()
    assert full("read", "identity.key") == "retired"
    assert full("mount") == []


def test_no_room_leaves_the_old_value(full: Ask) -> None:
    assert not full("write", "network.json", "x" * SIDE_BYTES)
    assert read_all(full) == VALUES
    assert full("mount") == []
    assert read_all(full) == VALUES


@examples(max_examples=150, deadline=None)
@given(flips=st.lists(st.integers(0, 2 * SIDE_BYTES * 8 - 1), min_size=1, max_size=12))
def test_random_bit_flips(shared: tuple[Ask, Path, bytes], flips: list[int]) -> None:
    """A setting is as it was, or is said to be lost: never another value."""
    ask, flash, whole = shared
    content = bytearray(whole)
    for flip in flips:
        content[flip // 8] ^= 1 << flip % 8
    flash.write_bytes(content)
    faults = ask("mount")
    for name, value in VALUES.items():
        found = ask("read", name)
        assert found in (value, None)
        hit_on = {flip // 8 // SIDE_BYTES for flip in flips}
        if len(hit_on) == 1:
            assert found == value, faults


@pytest.fixture(scope="module")
def shared(
    start_device: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ask, Path, bytes]:
    """A device with all settings, its flash, and what that holds."""
    folder = tmp_path_factory.mktemp("settings")
    ask = start_device("settings_console", str(folder / "flash"), f"{folder}/").ask
    ask("mount")
    for name, value in VALUES.items():
        ask("write", name, value)
    return ask, folder / "flash", (folder / "flash").read_bytes()
