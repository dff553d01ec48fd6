"""docs/update.md: the table of an update's life, and its diagram. Run it to fill them in."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "update.md"
SOURCE = ROOT / "firmware" / "slots.py"


def _value(name: str) -> bytes:
    (found,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(SOURCE.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    )
    value: bytes = found
    return value


def _names(first: str, last: str) -> list[str]:
    every = re.findall(r"^([A-Z]+) = const\(\d+\)", SOURCE.read_text(), re.MULTILINE)
    return every[every.index(first) : every.index(last) + 1]


STATES = _names("EMPTY", "BAD")
INPUTS = _names("BEGUN", "FAILED")


def cells() -> list[tuple[str, str, str]]:
    """(state, input, next state) of what is not nothing."""
    table, rows = _value("_TABLE").decode(), _value("_ROWS")
    return [
        (state, what, STATES[int(cell)])
        for state, row in zip(STATES, rows, strict=True)
        for what, cell in zip(INPUTS, table[row * len(INPUTS) :], strict=False)
        if cell != "."
    ]


def tables() -> dict[str, str]:
    rows = ["| in | on | then |", "|---|---|---|"]
    rows += [f"| {before} | {what} | {after} |" for before, what, after in cells()]
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> EMPTY"]
    for before in STATES:
        for after in STATES:
            ways = [what for state, what, then in cells() if (state, then) == (before, after)]
            if ways:
                lines.append(f"    {before} --> {after}: {', '.join(ways)}")
    return {"table": "\n".join(rows), "diagram": "\n".join([*lines, "```"])}


def filled(document: str) -> str:
    for name, content in tables().items():
        document = re.sub(
            rf"<!-- {name} -->.*?<!-- /{name} -->",
            f"<!-- {name} -->\n{content}\n<!-- /{name} -->",
            document,
            flags=re.DOTALL,
        )
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text()))
