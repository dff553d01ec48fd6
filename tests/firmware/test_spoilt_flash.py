"""Bits that change by themselves: no number is used again, and what cannot be read is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]

BILLING, TELEMETRY = 0, 1
BLOCKS = 20  # four for cells, four segments of 8192 bytes a stream
BLOCK_BYTES = 4096
RING = (4 * BLOCK_BYTES, 12 * BLOCK_BYTES)  # of each stream, where it begins
SEGMENT_BYTES = 8192
HEADER, ENTRY = 64, 12  # of a segment, of an entry; a message of 1000 bytes needs no filling
ENTRIES = 8  # of 1000 bytes in a segment
LENGTH, FINISHED, SEQ = 0, 2, 4  # in an entry


@pytest.fixture
def ask(start_device: Callable[..., Any], tmp_path: Path) -> Ask:
    asking: Ask = start_device("journal_console", str(tmp_path / "flash")).ask
    asking("mount", BLOCKS)
    return asking


def entry(stream: int, segment: int, number: int, size: int = 1000) -> int:
    """Where the entry of this number, from 0, lies; all are of one size."""
    return RING[stream] + segment * SEGMENT_BYTES + HEADER + number * (ENTRY + size)


def seqs(ask: Ask, stream: int, epoch: int = 1) -> list[int]:
    found = ask("pending", stream, 0, epoch)
    assert all(text == f"<{stream}/{epoch}/{seq}>" for seq, text in found)
    return [seq for seq, _ in found]


def told(ask: Ask, stream: int) -> list[list[int]]:
    """The ranges that are to be named in billing, each once it is."""
    found = []
    while (gone := ask("dropped", stream)) is not None:
        found.append(gone)
        ask("clear_dropped", stream, gone)
    return found


# --- no number twice


@pytest.mark.parametrize("stream", [BILLING, TELEMETRY])
@pytest.mark.parametrize("frames", [3, ENTRIES + 2])
def test_no_bit_of_the_newest_segment_makes_it_use_a_number_again(
    ask: Ask, stream: int, frames: int
) -> None:
    """Those of its header, of every entry's header and of the messages in turn."""
    if stream == TELEMETRY:
        ask("append", BILLING, 1, 1, 1, 40)
    if frames > ENTRIES:
        ask("append", stream, 1, 1, ENTRIES, 1000)
        ask("append", stream, 1, ENTRIES + 1, frames, 40)
        first, last = entry(stream, 1, 0, 40), entry(stream, 1, frames - ENTRIES, 40)
        at = first - HEADER
    else:
        ask("append", stream, 1, 1, frames, 40)
        first, last = entry(stream, 0, 0, 40), entry(stream, 0, frames, 40)
        at = first - HEADER
    assert ask("silent_flips", stream, at, last + ENTRY - at) == []
    ask("mount", BLOCKS)
    assert ask("last", stream) == [1, frames]
    assert not ask("fresh")


@pytest.mark.parametrize("short", [0, 4, 8, 12, 16])
def test_nor_where_an_entry_ends_at_the_end_of_a_block(ask: Ask, short: int) -> None:
    """What lies in the next block is of an earlier round, until it is erased."""
    ask("append", BILLING, 1, 1, 4 * ENTRIES, 1000)
    ask("receipt", BILLING, 1, 4 * ENTRIES, [])
    seq = 4 * ENTRIES + 1
    ask("append", BILLING, 1, seq, seq, BLOCK_BYTES - HEADER - ENTRY - short)
    ask("mount", BLOCKS)
    assert not ask("fresh")
    assert ask("append", BILLING, 1, seq + 1, seq + 1, 40) == 1
    ask("mount", BLOCKS)
    assert ask("last", BILLING) == [1, seq + 1]
    assert ask("silent_flips", BILLING, RING[BILLING] + BLOCK_BYTES - short, ENTRY + 40) == []


def test_nor_in_one_whose_end_was_only_seen_at_a_start(ask: Ask) -> None:
    """The power failed before the frame was marked as finished; then it was sent."""
    ask("append", BILLING, 1, 1, 3, 1000)
    for bit in range(8):
        ask("flip", entry(BILLING, 0, 2) + FINISHED, bit)
    ask("mount", BLOCKS)
    assert ask("last", BILLING) == [1, 3]
    assert not ask("fresh")
    assert ask("silent_flips", BILLING, entry(BILLING, 0, 2), ENTRY + 40) == []


def test_of_what_is_spoilt_the_frames_before_it_are_kept_and_named_as_the_end(ask: Ask) -> None:
    ask("append", BILLING, 1, 1, 5, 1000)
    ask("append", TELEMETRY, 1, 1, 2, 1000)
    ask("flip", entry(BILLING, 0, 4) + ENTRY + 500, 3)
    ask("mount", BLOCKS)
    assert ask("fresh")
    assert sorted(ask("ends", 2)) == [[BILLING, 1, 4], [TELEMETRY, 1, 2]]
    assert ask("append", BILLING, 2, 1, 3, 1000) == 3
    assert seqs(ask, BILLING) == [1, 2, 3, 4]
    assert told(ask, BILLING) == [[1, 5, 5]]
    ask("mount", BLOCKS)
    assert not ask("fresh")
    assert ask("last", BILLING) == [2, 3]


def test_spoilt_telemetry_that_a_new_epoch_left_behind_begins_no_other(ask: Ask) -> None:
    ask("append", BILLING, 1, 1, 1, 1000)
    ask("append", TELEMETRY, 1, 1, 2, 1000)
    ask("flip", entry(TELEMETRY, 0, 1) + SEQ, 0)
    ask("mount", BLOCKS)
    assert ask("fresh")
    ask("append", BILLING, 2, 1, 1, 1000)
    ask("mount", BLOCKS)
    assert not ask("fresh")


# --- what cannot be read is named, and nobody waits for it


@pytest.mark.parametrize("stream", [BILLING, TELEMETRY])
def test_a_spoilt_message_is_named(ask: Ask, stream: int) -> None:
    ask("append", BILLING, 1, 1, 1, 40)
    first = 2 if stream == BILLING else 1
    ask("append", stream, 1, first, 12, 1000)
    at = RING[stream] + HEADER + (ENTRY + 40 if stream == BILLING else 0)
    for number in (4, 6):
        ask("flip", at + number * (ENTRY + 1000) + ENTRY + 300, 5)
    kept = [seq for seq in range(1, 13) if seq not in (first + 4, first + 6)]
    for _ in range(2):
        assert seqs(ask, stream) == kept
        assert ask("pending_count", stream) == len(kept)
        ask("mount", BLOCKS)
    assert told(ask, stream) == [[1, first + 4, first + 4], [1, first + 6, first + 6]]
    ask("mount", BLOCKS)
    assert seqs(ask, stream) == kept
    assert told(ask, stream) == []


@pytest.mark.parametrize("stream", [BILLING, TELEMETRY])
@pytest.mark.parametrize("part", [LENGTH, SEQ])
@pytest.mark.parametrize("is_off", [True, False])
def test_what_lies_behind_a_spoilt_header_is_named(
    ask: Ask, stream: int, part: int, is_off: bool
) -> None:
    ask("append", BILLING, 1, 1, 1, 40)
    ask("receipt", BILLING, 1, 1, [])
    if stream == BILLING:
        ask("append", BILLING, 2, 1, 12, 1000)
        ask("append", TELEMETRY, 2, 1, 1, 40)
    else:
        ask("append", TELEMETRY, 1, 1, 12, 1000)
    epoch, segment = (2, 1) if stream == BILLING else (1, 0)
    ask("flip", entry(stream, segment, 2) + part, 2)
    if is_off:
        ask("mount", BLOCKS)
    behind = 3 if part == SEQ else 4
    kept = [*range(1, behind), *range(ENTRIES + 1, 13)]
    if part == LENGTH:
        kept.remove(3)
    assert seqs(ask, stream, epoch) == kept
    assert ask("pending_count", stream) == len(kept)
    lost = sorted(told(ask, stream))
    assert [seq for _, a, b in lost for seq in range(a, b + 1)] == list(range(3, ENTRIES + 1))
    ask("receipt", stream, epoch, 12, [])
    assert ask("pending_count", stream) == 0
    ask("mount", BLOCKS)
    assert ask("pending_count", stream) == 0
    assert told(ask, stream) == []
    assert ask("last", stream) == [epoch, 12]


def test_a_spoilt_header_in_the_newest_segment_stops_nothing_while_it_runs(ask: Ask) -> None:
    ask("append", BILLING, 1, 1, 5, 1000)
    ask("flip", entry(BILLING, 0, 2) + SEQ, 2)
    assert seqs(ask, BILLING) == [1, 2]
    assert ask("append", BILLING, 1, 6, 9, 1000) == 4
    assert seqs(ask, BILLING) == [1, 2, 6, 7, 8, 9]
    assert told(ask, BILLING) == [[1, 3, 5]]
    ask("mount", BLOCKS)
    assert not ask("fresh")
    assert ask("last", BILLING) == [1, 9]
    assert seqs(ask, BILLING) == [1, 2, 6, 7, 8, 9]


@pytest.mark.parametrize("stream", [BILLING, TELEMETRY])
def test_a_segment_whose_header_is_spoilt_is_named_once(ask: Ask, stream: int) -> None:
    ask("append", BILLING, 1, 1, 1, 40)
    first = 2 if stream == BILLING else 1
    ask("append", stream, 1, first, first + 3 * ENTRIES - 3, 1000)
    ask("flip", RING[stream] + SEGMENT_BYTES + 9, 4)
    ask("mount", BLOCKS)
    found = seqs(ask, stream)
    gone = told(ask, stream)
    assert gone == [[1, gone[0][1], gone[0][1] + ENTRIES - 1]]
    assert sorted([*found, *range(gone[0][1], gone[0][2] + 1)]) == list(range(1, found[-1] + 1))
    assert not ask("fresh")
    ask("mount", BLOCKS)
    assert told(ask, stream) == []


def test_telemetry_that_is_dropped_is_named_to_its_end(ask: Ask) -> None:
    """Also what a spoilt header hides of it."""
    ask("append", BILLING, 1, 1, 1, 40)
    ask("append", TELEMETRY, 1, 1, 3 * ENTRIES, 1000)
    ask("flip", entry(TELEMETRY, 0, 3) + SEQ, 7)
    ask("append", TELEMETRY, 1, 3 * ENTRIES + 1, 4 * ENTRIES + 1, 1000)
    assert told(ask, TELEMETRY) == [[1, 1, ENTRIES]]
    assert seqs(ask, TELEMETRY) == list(range(ENTRIES + 1, 4 * ENTRIES + 2))


def test_ranges_that_do_not_meet_are_named_apart_and_one_may_grow(ask: Ask) -> None:
    ask("append", BILLING, 1, 1, 1, 40)
    ask("append", TELEMETRY, 1, 1, 4 * ENTRIES, 1000)
    ask("flip", entry(TELEMETRY, 2, 4) + ENTRY + 9, 0)
    seqs(ask, TELEMETRY)
    spoilt = 2 * ENTRIES + 5
    assert ask("dropped") == [1, spoilt, spoilt]
    ask("append", TELEMETRY, 1, 4 * ENTRIES + 1, 4 * ENTRIES + 1, 1000)
    ask("clear_dropped", TELEMETRY, [1, spoilt, spoilt])
    told_before = ask("dropped")
    assert told_before == [1, 1, ENTRIES]
    ask("append", TELEMETRY, 1, 4 * ENTRIES + 2, 5 * ENTRIES + 1, 1000)
    ask("clear_dropped", TELEMETRY, told_before)
    assert told(ask, TELEMETRY) == [[1, ENTRIES + 1, 2 * ENTRIES]]
