"""The journal in MicroPython on a simulated NOR flash."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]

BILLING, TELEMETRY = 0, 1
BLOCKS = 20  # four for cells, four segments of 8192 bytes a stream
NEW, SAME, UNFINISHED, REPLAYED = 0, 1, 2, 3


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    return tmp_path / "flash"


@pytest.fixture
def ask(start_device: Callable[..., Any], flash: Path) -> Ask:
    asking: Ask = start_device("journal_console", str(flash)).ask
    asking("mount", BLOCKS)
    return asking


def texts(stream: int, epoch: int, *seqs: int) -> list[list[Any]]:
    return [[seq, f"<{stream}/{epoch}/{seq}>"] for seq in seqs]


def test_an_erased_device_is_empty(ask: Ask) -> None:
    for stream in (BILLING, TELEMETRY):
        assert ask("last", stream) is None
        assert ask("pending", stream, 0) == []
        assert ask("find", stream, 1) is None
    assert ask("fresh")
    assert ask("get_cell", "x") is None


def test_only_the_next_frame_is_taken(start_device: Callable[..., Any], flash: Path) -> None:
    for seq in (1, 3, 2):
        device = start_device("journal_console", str(flash))
        device.ask("mount", BLOCKS)
        if seq == 1:
            device.ask("append", BILLING, 1, 1, 2, 50)
        else:
            assert device.ask("last", BILLING) == [1, 2]
            with pytest.raises(pytest.fail.Exception, match="not the next frame"):
                device.ask("append", BILLING, 1, 2 * seq - 4, 2 * seq - 4, 50)


def test_billing_is_kept_until_its_receipt(ask: Ask) -> None:
    kept = ask("append", BILLING, 1, 1, 1000, 1000)
    assert 28 <= kept < 40
    assert ask("append", BILLING, 1, kept + 1, kept + 1, 4000) == 0
    ask("receipt", BILLING, 1, 5, [[7, 8]])
    assert ask("append", BILLING, 1, kept + 1, kept + 1, 1000) == 0, "frame 6 is in that segment"
    ask("receipt", BILLING, 1, 7, [])
    assert ask("append", BILLING, 1, kept + 1, kept + 8, 1000) > 0
    assert ask("pending", BILLING, 0)[0][0] == 9
    assert ask("find", BILLING, 8) is None


def test_a_frame_with_a_receipt_can_still_be_sent_again(ask: Ask) -> None:
    ask("append", TELEMETRY, 1, 1, 5, 300)
    ask("receipt", TELEMETRY, 1, 5, [])
    ask("mount", BLOCKS)
    assert ask("pending_count", TELEMETRY) == 0
    assert ask("find", TELEMETRY, 3) == "<1/1/3>"
    assert ask("last", TELEMETRY) == [1, 5]


def test_frames_of_an_old_epoch_are_not_lost(ask: Ask) -> None:
    ask("append", BILLING, 1, 1, 5, 300)
    ask("append", BILLING, 2, 1, 3, 300)
    ask("mount", BLOCKS)
    assert ask("last", BILLING) == [2, 3]
    assert ask("pending", BILLING, 2) == texts(BILLING, 1, 3, 4, 5)
    assert ask("pending", BILLING, 1, 2) == texts(BILLING, 2, 2, 3)
    assert ask("find", BILLING, 2) == "<0/2/2>"
    assert ask("find", BILLING, 2, 1) == "<0/1/2>"
    ask("receipt", BILLING, 2, 9, [])
    assert ask("pending_count", BILLING) == 5
    assert ask("pending_epoch", BILLING) == 1
    ask("receipt", BILLING, 1, 5, [])
    assert ask("pending_epoch", BILLING) is None


def test_a_segment_that_is_used_again_is_read_from_its_beginning(ask: Ask) -> None:
    ask("append", TELEMETRY, 1, 1, 32, 1000)  # has filled the ring
    assert ask("find", TELEMETRY, 5) == "<1/1/5>"
    ask("append", TELEMETRY, 2, 1, 12, 500)
    assert ask("find", TELEMETRY, 7) == "<1/2/7>"
    assert ask("pending", TELEMETRY, 4, 2) == texts(TELEMETRY, 2, *range(5, 13))


def test_thousands_of_frames_take_no_memory_each(
    start_device: Callable[..., Any], flash: Path
) -> None:
    ask = start_device("journal_console", str(flash)).ask
    ask("mount", 160)
    ask("append", TELEMETRY, 1, 1, 1, 60)
    before = ask("memory")
    assert ask("append", TELEMETRY, 1, 2, 4000, 60) == 3999
    assert ask("pending_count", TELEMETRY) == 4000
    assert ask("pending", TELEMETRY, 3998) == texts(TELEMETRY, 1, 3999, 4000)
    assert ask("memory") - before < 1000
    ask("mount", 160)
    assert ask("pending_count", TELEMETRY) == 4000
    ask("receipt", TELEMETRY, 1, 3999, [])
    assert ask("pending", TELEMETRY, 0) == texts(TELEMETRY, 1, 4000)


def test_one_spoilt_frame_costs_no_other(ask: Ask, flash: Path) -> None:
    ask("append", BILLING, 1, 1, 20, 1000)
    spoil(flash, b"<0/1/3>")
    assert [seq for seq, _ in ask("pending", BILLING, 0)] == [1, 2, *range(4, 21)]
    assert ask("pending_count", BILLING) == 19
    spoil(flash, b"<0/1/18>")
    ask("mount", BLOCKS)
    assert ask("last", BILLING) == [1, 20]
    assert [seq for seq, _ in ask("pending", BILLING, 15)] == [16, 17, 19, 20]
    assert ask("pending_count", BILLING) == 18
    assert ask("find", BILLING, 18) is None
    assert ask("find", BILLING, 19) == "<0/1/19>"


def test_one_spoilt_segment_costs_no_other(ask: Ask, flash: Path) -> None:
    kept = ask("append", BILLING, 1, 1, 1000, 1000)
    spoil(flash, b"ESB1", 1)
    ask("mount", BLOCKS)
    assert ask("last", BILLING) == [1, kept]
    found = [seq for seq, _ in ask("pending", BILLING, 0)]
    assert found[0] == 1
    assert found[-1] == kept
    assert kept - len(found) == 8


def test_what_another_layout_left_behind_does_no_harm(ask: Ask, flash: Path) -> None:
    ask("append", BILLING, 1, 1, 20, 1000)
    ask("receipt", BILLING, 1, 20, [])
    ask("append", BILLING, 1, 21, 40, 1000)  # has gone round
    ask("append", TELEMETRY, 1, 1, 10, 1000)
    with flash.open("ab") as image:
        image.write(b"\xff" * 4096 * 12)
    ask("mount", BLOCKS + 12)
    assert ask("last", BILLING) == [1, 40]
    found = [seq for seq, _ in ask("pending", BILLING, 0)]
    assert found == list(range(41 - len(found), 41))
    assert ask("append", BILLING, 1, 41, 60, 1000) == 20
    assert ask("append", TELEMETRY, 2, 1, 60, 1000) == 60
    ask("mount", BLOCKS + 12)
    found += range(41, 61)
    assert ask("pending", BILLING, 0) == texts(BILLING, 1, *found)
    assert ask("last", TELEMETRY) == [2, 60]


def test_cells_refuse_what_does_not_fit(ask: Ask) -> None:
    assert ask("put_cell", "a", "x" * 3000)
    assert not ask("put_cell", "b", "x" * 1200)
    assert ask("put_cell", "b", "x" * 500)
    ask("mount", BLOCKS)
    assert ask("get_cell", "a") == "x" * 3000
    assert ask("get_cell", "b") == "x" * 500


def test_a_counter_is_used_once(ask: Ask) -> None:
    digest, other = "11" * 32, "22" * 32
    assert ask("command", 7, digest) == [NEW, 0]
    assert ask("command", 7, digest, "commit") == [NEW, 7]
    ask("mount", BLOCKS)
    assert ask("command", 7, digest, "finish") == [UNFINISHED, 7]
    ask("mount", BLOCKS)
    assert ask("command", 7, digest) == [SAME, 7]
    assert ask("command", 7, other) == [REPLAYED, 7]
    assert ask("command", 6, digest) == [REPLAYED, 7]
    assert ask("command", 4294967295, other, "commit") == [NEW, 4294967295]
    assert ask("command", 7, digest, "finish") == [REPLAYED, 4294967295]
    assert ask("command", 4294967295, other) == [UNFINISHED, 4294967295]


def spoil(flash: Path, mark: bytes, place: int = 0) -> None:
    """Flips a bit of the `place`-th occurrence of some bytes."""
    image = bytearray(flash.read_bytes())
    at = -1
    for _ in range(place + 1):
        at = image.index(mark, at + 1)
    image[at] ^= 1
    flash.write_bytes(image)
