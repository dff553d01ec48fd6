"""What an ESP32 makes of a board.json that a technician lays down."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from technician.boards import load_board

Ask = Callable[..., Any]


@pytest.fixture
def ask(start_device: Callable[..., Any], tmp_path: Path) -> Ask:
    asking: Ask = start_device("esp32_board", str(tmp_path / "flash"), f"{tmp_path}/").ask
    return asking


@pytest.fixture
def lay(tmp_path: Path) -> Callable[[str], None]:
    def lay(text: str) -> None:
        (tmp_path / "board.json").write_text(text)

    return lay


def board(kind: str) -> str:
    return json.dumps({"network": {"kind": kind}})


def test_a_board_that_was_never_provisioned_says_so(ask: Ask) -> None:
    assert ask("start") == "OSError there is no board.json: provision this gateway"


def test_it_is_taken_over_by_a_start_that_comes_to_its_end(
    ask: Ask, lay: Callable[[str], None], tmp_path: Path
) -> None:
    lay(board("lan"))
    assert ask("start") == ["lan", []]
    assert ask("run") == "lan"
    assert not (tmp_path / "board.json").exists()
    assert ask("start") == ["lan", []]


def test_without_an_application_in_one_of_two_slots_there_are_none(
    ask: Ask, lay: Callable[[str], None], tmp_path: Path
) -> None:
    """One that is longer than a slot lies in both, and an update would erase half of it."""
    lay(board("lan"))
    assert ask("room") is None
    for size, room in (("\x1f", 4096), ("\xa0\x10", None)):  # 31 and 4112 bytes
        with (tmp_path / "flash").open("r+b") as flash:
            flash.write(b"\xd2\xcd\x31" + size.encode("latin-1"))
        assert ask("room") == room


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (
            "esp32-4mb-ethernet",
            {
                "phy_type": "PHY_LAN8720",
                "phy_addr": 0,
                "mdc": 23,
                "mdio": 18,
                "ref_clk": 17,
                "ref_clk_mode": "Pin.OUT",
            },
        ),
        (
            "esp32s3-16mb-ethernet",
            {
                "phy_type": "PHY_W5500",
                "phy_addr": 0,
                "spi": [[1], {"sck": 12, "mosi": 11, "miso": 13}],
                "cs": 14,
                "int": 10,
                "reset": 40,
            },
        ),
    ],
)
def test_a_boards_file_is_what_network_lan_is_given(
    ask: Ask, lay: Callable[[str], None], name: str, arguments: dict[str, Any]
) -> None:
    lay(load_board(name).setting().decode())
    assert ask("lan") == [[], arguments]


@pytest.mark.parametrize("bad", ["", "{", "{}", "[]", '{"network": 1}'])
def test_a_bad_one_is_refused(
    ask: Ask, lay: Callable[[str], None], tmp_path: Path, bad: str
) -> None:
    lay(board("lan"))
    ask("run")
    lay(bad)
    kind, (told,) = ask("start")
    assert kind == "lan"
    assert told.startswith("board.json as laid down is refused: ")
    assert not (tmp_path / "board.json").exists()
    assert ask("start") == ["lan", []]


def test_the_first_one_stays_where_it_is_though_it_is_bad(
    ask: Ask, lay: Callable[[str], None], tmp_path: Path
) -> None:
    lay("{")
    assert "ValueError" in ask("start")
    assert (tmp_path / "board.json").exists()


def test_one_with_which_the_application_cannot_be_built_is_refused(
    ask: Ask, lay: Callable[[str], None]
) -> None:
    lay(board("lan"))
    ask("run")
    lay(board("wifi"))
    assert ask("fail") == [True, "lan", ["board.json as laid down is refused: why"]]
    assert ask("start") == ["lan", []]
