"""A key that was destroyed is not in the flash any more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SECRET = bytes(range(1, 33))


@pytest.mark.parametrize("size", [120, 3000])
def test_what_was_replaced_is_nowhere_in_the_flash(
    start_device: Callable[..., Any], tmp_path: Path, size: int
) -> None:
    """A small file lies in the log of its directory, another in blocks of its own."""
    flash = tmp_path / "flash"
    ask = start_device("littlefs_console", str(flash)).ask
    ask("replace", "network.json", b"{}".hex())
    ask("replace", "identity.key", (SECRET + bytes(size)).hex())
    ask("replace", "identity.key", b"retired".hex())
    assert SECRET in flash.read_bytes()
    assert sorted(ask("erase_free")) == ["identity.key", "network.json"]
    assert SECRET not in flash.read_bytes()
    assert ask("content", "identity.key") == b"retired".hex()
