"""docs/stages.md: the table of the firmware's stages, and its diagram. Run it to fill them in."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "stages.md"
SOURCE = ROOT / "firmware" / "gateway" / "stages.py"

ACTS = {
    "s": "asks the miners to stop",
    "o": "opens",
    "a": "opens again",
    "c": "closes",
    "f": "lets a person close",
    "d": "leaves the output as if open",
    "x": "as if open; latches `opened_by_other`",
    "O": "tells: opened",
    "N": "tells: not opened",
    "R": "tells: restored",
    "M": "tells: not restored",
    "!": "tells what hinders it",
    ".": "",
}


class Cell(NamedTuple):
    state: str
    what: str
    after: str
    act: str


def constants(source: Path = SOURCE) -> dict[str, int]:
    """The names that a source gives to numbers, as they stand in it."""
    found = re.findall(r"^_([A-Z_]+) = const\((\w+)\)", source.read_text(), re.MULTILINE)
    return {name: int(value, 0) for name, value in found}


def names(first: str, last: str) -> list[str]:
    every = list(constants())
    return every[every.index(first) : every.index(last) + 1]


STATES = names("CLOSED", "BARRED")
INPUTS = names("ORDER", "FREE")


def text() -> str:
    (table,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(SOURCE.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_TABLE"
    )
    found: bytes = table
    return found.decode()


@cache
def cells() -> tuple[Cell, ...]:
    """What is not nothing."""
    each = [text()[at : at + 2] for at in range(0, len(text()), 3)]
    assert len(each) == len(STATES) * len(INPUTS)
    return tuple(
        Cell(state, what, STATES[int(cell[0])], cell[1])
        for row, state in enumerate(STATES)
        for what, cell in zip(INPUTS, each[row * len(INPUTS) :], strict=False)
        if cell != ".."
    )


def tables() -> dict[str, str]:
    known = cells()
    rows = ["| in | on | then | and |", "|---|---|---|---|"]
    rows += [f"| {c.state} | {c.what} | {c.after} | {ACTS[c.act]} |" for c in known]
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> CLOSED"]
    for before in STATES:
        for after in STATES:
            ways = [c.what for c in known if (c.state, c.after) == (before, after)]
            if ways and before != after and after != "BARRED":
                lines.append(f"    {before} --> {after}: {', '.join(ways)}")
    others = ", ".join(state for state in STATES if state != "BARRED")
    lines += [f"    note left of BARRED: from {others} by BAR", "```"]
    return {"table": "\n".join(rows), "diagram": "\n".join(lines)}


def filled(document: str) -> str:
    for name, content in tables().items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = document.partition(begin)
        document = f"{before}{begin}\n{content}\n{end}{rest.partition(end)[2]}"
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text()))
