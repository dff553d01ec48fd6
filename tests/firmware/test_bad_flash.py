"""The journal on flash that has worn out: what does not read back as written goes elsewhere."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

Ask = Callable[..., Any]

BILLING, TELEMETRY = 0, 1
BLOCKS = 20  # four for cells, four segments of 8192 bytes a stream
BLOCK_BYTES = 4096
RING_BLOCK = (4, 12)  # of each stream, its first
MARK_AT = 61  # in a segment


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    return tmp_path / "flash"


@pytest.fixture
def ask(start_device: Callable[..., Any], flash: Path) -> Ask:
    asking: Ask = start_device("journal_console", str(flash)).ask
    asking("mount", BLOCKS)
    return asking


def seqs(ask: Ask, stream: int) -> list[int]:
    found = ask("pending", stream, 0)
    assert all(text == f"<{stream}/1/{seq}>" for seq, text in found)
    return [seq for seq, _ in found]


def segment(flash: Path, stream: int, number: int) -> bytes:
    at = (RING_BLOCK[stream] + 2 * number) * BLOCK_BYTES
    return flash.read_bytes()[at : at + 2 * BLOCK_BYTES]


STUCK = {
    "header, not erased": (2, 10, 1 << 3, 0),
    "header, not programmed": (2, 5, 1 << 5, 1),
    "first entry's header": (2, 64 + 2, 1, 0),
    "message, not erased": (2, 2000, 1 << 7, 0),
    "message, not programmed": (2, 2000, 1 << 7, 1),
    "second block, not erased": (3, 600, 1, 0),
}


@pytest.mark.parametrize("stuck", STUCK.values(), ids=STUCK)
def test_a_stuck_bit_costs_room_and_no_frame(
    ask: Ask, flash: Path, stuck: tuple[int, int, int, int]
) -> None:
    block, offset, mask, value = stuck
    ask("stick", RING_BLOCK[BILLING] + block, offset, mask, value)
    kept = ask("append", BILLING, 1, 1, 40, 1000)
    assert 3 * 8 <= kept < 4 * 8
    for _ in range(2):
        assert seqs(ask, BILLING) == list(range(1, kept + 1))
        assert ask("good", BILLING) == 3
        ask("mount", BLOCKS)
    ask("receipt", BILLING, 1, kept, [])
    written = segment(flash, BILLING, 1)
    more = ask("append", BILLING, 1, kept + 1, kept + 40, 1000)
    assert more == 3 * 8
    assert segment(flash, BILLING, 1)[64:] == written[64:], "what is marked is not written again"
    assert seqs(ask, BILLING) == list(range(kept + 1, kept + more + 1))


def test_a_mark_that_does_not_take_is_made_again(ask: Ask) -> None:
    ask("stick", RING_BLOCK[TELEMETRY] + 2, 2000, 1, 1)
    ask("stick", RING_BLOCK[TELEMETRY] + 2, MARK_AT, 1 << 2, 1)
    assert ask("append", TELEMETRY, 1, 1, 200, 1000) == 200
    assert ask("good", TELEMETRY) == 3
    ask("mount", BLOCKS)
    assert ask("good", TELEMETRY) == 4
    assert ask("append", TELEMETRY, 1, 201, 300, 1000) == 100
    assert ask("good", TELEMETRY) == 3
    newest = seqs(ask, TELEMETRY)
    assert newest == list(range(newest[0], 301))
    assert ask("dropped") == [1, 1, newest[0] - 1]


def test_a_receipt_that_cannot_be_marked_only_costs_sending_again(ask: Ask) -> None:
    ask("stick", RING_BLOCK[BILLING], 64 + 3, 0xFF, 1)
    ask("append", BILLING, 1, 1, 20, 1000)
    ask("receipt", BILLING, 1, 1, [])
    assert seqs(ask, BILLING) == list(range(1, 21))
    assert ask("pending_count", BILLING) == 20
    ask("receipt", BILLING, 1, 20, [])
    assert ask("pending_count", BILLING) == 0
    ask("mount", BLOCKS)
    assert ask("pending_count", BILLING) == 0


def test_without_a_good_segment_the_stream_is_full_and_the_other_goes_on(ask: Ask) -> None:
    for number in range(4):
        ask("stick", RING_BLOCK[TELEMETRY] + 2 * number, 2000, 1, 1)
    kept = ask("append", TELEMETRY, 1, 1, 40, 1000)
    assert kept == 4, "one before the stuck bit of each segment"
    assert seqs(ask, TELEMETRY) == list(range(1, kept + 1))
    assert ask("append", BILLING, 1, 1, 20, 1000) == 20


def test_cells_outlive_two_of_their_blocks(ask: Ask) -> None:
    for block in (1, 2):
        ask("stick", block, 700, 1 << block, block - 1)
    for number in range(60):
        assert ask("put_cell", "a", f"{number} " * 150)
        assert ask("put_cell", "b", f"{number} " * 90)
        if number % 9 == 0:
            ask("mount", BLOCKS)
        assert ask("get_cell", "a") == f"{number} " * 150
        assert ask("get_cell", "b") == f"{number} " * 90


def test_cells_without_a_good_block_say_so_and_keep_what_they_have(ask: Ask) -> None:
    assert ask("put_cell", "a", "x" * 3000)
    for block in range(4):
        ask("stick", block, 3500, 1, 1)
    assert not ask("put_cell", "a", "\x00" * 3500)
    assert ask("get_cell", "a") == "x" * 3000
    ask("mount", BLOCKS)
    assert ask("get_cell", "a") == "x" * 3000


@pytest.mark.parametrize("seed", range(12))
def test_bits_that_change_cost_what_they_hit(ask: Ask, flash: Path, seed: int) -> None:
    """Whatever has changed, the journal mounts, and what it gives out is what was put in."""
    for stream in (BILLING, TELEMETRY):
        assert ask("append", stream, 1, 1, 30, 900) == 30
    ask("receipt", TELEMETRY, 1, 4, [[9, 12]])
    chance = Random(seed)
    image = bytearray(flash.read_bytes())
    for _ in range(chance.randint(1, 40)):
        image[chance.randrange(len(image))] ^= 1 << chance.randrange(8)
    for number in range(chance.randint(0, 3)):  # and some where it hurts
        image[(RING_BLOCK[number % 2] + 2 * number) * BLOCK_BYTES + chance.randrange(90)] ^= 1
    flash.write_bytes(image)
    ask("mount", BLOCKS)
    for stream in (BILLING, TELEMETRY):
        found = seqs(ask, stream)
        assert found == sorted(set(found))
        assert ask("pending_count", stream) == len(found)
        epoch, newest = ask("last", stream) or [1, 0]
        ask("receipt", stream, epoch, newest, [])
        assert ask("append", stream, epoch, newest + 1, newest + 9, 900) == 9
        assert seqs(ask, stream) == list(range(newest + 1, newest + 10))


def test_a_frame_that_cannot_be_marked_as_finished_goes_elsewhere(ask: Ask) -> None:
    ask("append", BILLING, 1, 1, 1, 1000)
    ask("stick", RING_BLOCK[BILLING], 64 + 12 + 1000 + 2, 0xFF, 1)
    assert ask("append", BILLING, 1, 2, 9, 1000) == 8
    assert ask("good", BILLING) == 3
    ask("mount", BLOCKS)
    assert seqs(ask, BILLING) == list(range(1, 10))
    assert not ask("fresh")


@pytest.mark.parametrize("mark", [2, 3])
@pytest.mark.parametrize("operation", range(9))
def test_a_mark_that_is_stuck_is_none_when_the_power_fails_too(
    start_device: Callable[..., Any], flash: Path, operation: int, mark: int
) -> None:
    """The frame is in the spoilt segment but for its state, and not yet in the next."""
    ask = start_device("journal_steps", str(flash)).ask
    second_entry = 64 + 12 + 300
    ask("do", "frame", BILLING, 300)
    ask("stick", BILLING, 0, second_entry + mark, 4, 0)
    ask("cut", operation, 0, False, "frame", BILLING, 3000)
    ask("do", "frame", BILLING, 300)
