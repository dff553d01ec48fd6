"""Drawings: what they show is what the files say, and the documents have them as they are."""

import json
import re
from pathlib import Path
from typing import Any

import pdfplumber
import pytest
from defusedxml import ElementTree
from pictures import PICTURES, drawn
from typer.testing import CliRunner

from technician.boards import BOARDS, board_names, load_board
from technician.cli import app
from technician.drawings.actuators import KINDS
from technician.drawings.terminals import terminals

DOCUMENT = PICTURES.parent / "technician.md"


def words(svg: bytes) -> list[str]:
    return [
        each.text or "" for each in ElementTree.fromstring(svg).iter() if each.tag.endswith("text")
    ]


@pytest.mark.parametrize("name", board_names())
def test_a_boards_drawing_names_each_terminal_and_its_pin(name: str) -> None:
    board = load_board(name)
    said = [text.strip() for text in words(terminals(board).svg())]
    for relay in board.document["relay"]:
        assert f"output {relay['output']}" in said
        assert f"relay, IO{relay['pin']}" in said
    for each in board.document["input"]:
        assert f"input {each['contact']}" in said
        assert f"opto-coupler, IO{each['pin']}" in said
    for line in board.document["rs485"]:
        assert (
            f"UART{line['uart']}: TX IO{line['tx']}, RX IO{line['rx']}, DE IO{line['de']}" in said
        )


def test_nothing_is_drawn_outside_the_sheet() -> None:
    for name, svg in drawn().items():
        root = ElementTree.fromstring(svg)
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        for each in root.iter():
            for key, limit in (("x", width), ("y", height), ("cx", width), ("cy", height)):
                if key in each.attrib:
                    assert 0 <= float(each.attrib[key]) <= limit, f"{name}: {each.attrib}"


def test_each_kind_of_actuator_has_its_drawing() -> None:
    schema: dict[str, Any] = json.loads(
        (BOARDS.parent / "actuators" / "actuator.schema.json").read_text(encoding="utf-8")
    )
    assert set(KINDS) == set(schema["properties"]["kind"]["enum"])


def test_the_documents_pictures_are_as_they_are_drawn_now() -> None:
    """Else: python tests/technician/pictures.py."""
    assert {path.name: path.read_bytes() for path in PICTURES.glob("*.svg")} == drawn()


def test_the_document_shows_all_of_them() -> None:
    shown = re.findall(r"\]\(pictures/([a-z0-9-]+\.svg)\)", DOCUMENT.read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(drawn())


def test_a_drawing_is_printed_and_none_is_written_over(tmp_path: Path) -> None:
    out = tmp_path / "board.pdf"
    command = ["board", "draw", board_names()[0], "--out", str(out)]
    assert CliRunner().invoke(app, command).exit_code == 0
    with pdfplumber.open(out) as document:
        assert "output 1" in document.pages[0].extract_text()
    before = out.read_bytes()
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert out.read_bytes() == before


def test_an_unknown_board_is_not_drawn(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["board", "draw", "esp8266", "--out", str(tmp_path / "x.svg")])
    assert done.exit_code == 2
    assert "there is no board 'esp8266'" in done.stderr
    assert list(tmp_path.iterdir()) == []
