"""The partition table, byte by byte as ESP-IDF's tools write it."""

import hashlib

import pytest

from technician.boards import board_names, load_board
from technician.partition_table import TABLE_BYTES, Partition, encode


def test_an_entry_is_magic_type_place_label_and_flags() -> None:
    table = encode([Partition("nvs", "data", "nvs", 0x9000, 0x6000)])
    entry = bytes.fromhex("aa50 0102 00900000 00600000") + b"nvs".ljust(16, b"\0") + bytes(4)
    assert table[:32] == entry
    assert table[32:48] == b"\xeb\xeb" + b"\xff" * 14
    assert table[48:64] == hashlib.md5(entry, usedforsecurity=False).digest()
    assert table[64:] == b"\xff" * (TABLE_BYTES - 64)


@pytest.mark.parametrize("name", board_names())
def test_each_boards_table_fits_its_sector(name: str) -> None:
    table = encode(load_board(name).partitions)
    assert len(table) == TABLE_BYTES
    assert table.count(b"\xaa\x50") == len(load_board(name).partitions)


def test_more_than_a_table_holds_is_no_table() -> None:
    with pytest.raises(ValueError, match="at most 3072 bytes"):
        encode([Partition("x", "data", "nvs", 0x9000, 0x1000)] * 96)
