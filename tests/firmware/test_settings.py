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


def test_what_a_technician_lays_down_replaces_the_copies_when_a_start_has_judged_it(
    full: Ask, tmp_path: Path
) -> None:
    laid = tmp_path / "network.json"
    laid.write_text("new")
    assert full("read", "network.json") == "new"
    assert full("mount") == []
    assert laid.exists(), "the start did not come to its end"
    assert full("read", "network.json") == "new"
    assert full("settle") == []
    assert not laid.exists()
    assert full("mount") == []
    assert full("read", "network.json") == "new"


@pytest.mark.parametrize("content", ["", "{", "x" * SIDE_BYTES])
def test_what_is_refused_leaves_all_copies_as_they_were(
    full: Ask, tmp_path: Path, content: str
) -> None:
    for name in ("network.json", "root.pub"):
        (tmp_path / name).write_text(content)
    assert full("read", "network.json") == (content or None)
    full("read", "root.pub")
    told = "network.json, root.pub as laid down is refused: why"
    assert full("refuse", "why") == [True, [told]]
    assert read_all(full) == VALUES
    assert [path.name for path in tmp_path.iterdir()] == ["flash"]
    assert full("mount") == []
    assert read_all(full) == VALUES


def test_what_replaces_nothing_is_not_refused(full: Ask, tmp_path: Path) -> None:
    """There is nothing to go on with: the technician puts it right where it lies."""
    assert full("refuse", "why") == [False, []]
    (tmp_path / "other.der").write_text("new")
    full("read", "other.der")
    assert full("refuse", "why") == [False, []]
    assert (tmp_path / "other.der").exists()


def test_an_empty_file_destroys_what_a_start_can_do_without(full: Ask, tmp_path: Path) -> None:
    (tmp_path / "network.json").write_text("")
    assert full("read", "network.json") is None
    assert full("settle") == []
    assert full("mount") == []
    assert read_all(full) == VALUES | {"network.json": None}


def test_what_is_laid_down_as_it_is_already_is_only_removed(full: Ask, tmp_path: Path) -> None:
    (tmp_path / "root.pub").write_text(VALUES["root.pub"])
    assert full("read", "root.pub") == VALUES["root.pub"]
    assert not (tmp_path / "root.pub").exists()
    assert full("refuse", "why") == [False, []]


def test_what_the_gateway_writes_is_newer_than_a_file(full: Ask, tmp_path: Path) -> None:
    (tmp_path / "network.json").write_text("laid")
    assert full("write", "network.json", "written")
    assert full("read", "network.json") == "written"
    assert not (tmp_path / "network.json").exists()


def test_a_file_for_which_there_is_no_room_is_told_and_used(full: Ask, tmp_path: Path) -> None:
    (tmp_path / "network.json").write_text("x" * SIDE_BYTES)
    assert full("read", "network.json") == "x" * SIDE_BYTES
    assert full("settle") == ["network.json as laid down was not kept: no room for network.json"]
    assert full("read", "network.json") == "x" * SIDE_BYTES
    (tmp_path / "network.json").unlink()
    assert full("mount") == []
    assert read_all(full) == VALUES


@pytest.mark.parametrize("call", ["stat", "open"])
def test_a_damaged_file_system_stops_no_start(full: Ask, tmp_path: Path, call: str) -> None:
    (tmp_path / "network.json").write_text("x" * len(VALUES["network.json"]))
    full("damaged_file_system", call)
    assert read_all(full) == VALUES
    said = full("settle")
    full("whole_file_system")
    assert {what.partition(":")[0] for what in said} >= {"network.json as laid down is refused"}


def test_a_file_that_cannot_be_removed_is_looked_at_once_in_a_start(
    full: Ask, tmp_path: Path
) -> None:
    (tmp_path / "network.json").write_text("bad")
    full("damaged_file_system", "remove")
    for _ in range(2):
        assert full("read", "network.json") == "bad"
        assert full("refuse", "why")[0]
        assert read_all(full) == VALUES
        full("mount")
    full("whole_file_system")


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
    assert full("forget_old")
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


# ---- flash that wears out ----------------------------------------------------------------------


@pytest.mark.parametrize("side", [0, 1])
def test_blanks_that_did_not_take_are_told(full: Ask, flash: Path, side: int) -> None:
    full("write", "identity.key", "first secret")
    full("write", "identity.key", "retired")
    full("mount", [side * 2])
    assert not full("forget_old")
    assert b"secret" in flash.read_bytes()
    assert full("read", "identity.key") == "retired"
    assert full("mount") == [], "each side has all of it"
    assert read_all(full) == VALUES


@pytest.mark.parametrize("side", [0, 1])
def test_a_side_is_not_erased_while_anything_is_only_there(
    full: Ask, flash: Path, side: int
) -> None:
    """The other copy went bad while the gateway was at work; then the side is full."""
    size = 1800
    while free_bytes(flash, side) > 2 * size:
        assert full("write", "identity.key", chr(65 + free_bytes(flash, side) % 26) * size)
    at = flash.read_bytes().rindex(b"cccc", (1 - side) * SIDE_BYTES, (2 - side) * SIDE_BYTES)
    damage(flash, at)
    operation = 0
    before = flash.read_bytes()
    while True:
        flash.write_bytes(before)
        remount_without_looking(full, flash, at)
        came = full("cut_at", operation, "identity.key", "z" * 3 * size)
        full("mount")
        assert read_all(full) == VALUES
        if not came:
            return
        operation += 1


def free_bytes(flash: Path, side: int) -> int:
    content = flash.read_bytes()[side * SIDE_BYTES : (side + 1) * SIDE_BYTES]
    return len(content) - len(content.rstrip(b"\xff"))


def remount_without_looking(ask: Ask, flash: Path, at: int) -> None:
    """The bit falls over only when the settings are mounted."""
    damage(flash, at)
    ask("mount")
    damage(flash, at)


@pytest.mark.parametrize("worn", [[0], [1], [2], [3], [0, 1], [2, 3]])
def test_no_write_on_a_worn_side_costs_what_is_there(full: Ask, worn: list[int]) -> None:
    """Whatever becomes of the write, and wherever the power fails in it."""
    full("mount", worn)
    kept = None
    for number in range(12):
        text = chr(65 + number) * 1500
        for operation in (0, 3, 9, 14):
            full("cut_at", operation, "identity.key", text)
            full("mount", worn)
            assert read_all(full) == VALUES
            assert full("read", "identity.key") in (kept, text)
        was_kept = full("write", "identity.key", text)
        full("mount", worn)
        assert read_all(full) == VALUES
        now = full("read", "identity.key")
        assert now == text or (now == kept and not was_kept)
        kept = now
