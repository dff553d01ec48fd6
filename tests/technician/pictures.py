"""`python tests/technician/pictures.py`: draws the pictures of docs/technician.md again."""

from pathlib import Path

from technician.boards import board_names, load_board
from technician.drawings.actuators import KINDS, actuator
from technician.drawings.bus import bus
from technician.drawings.site import site
from technician.drawings.terminals import terminals

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def drawn() -> dict[str, bytes]:
    sheets = {"site": site(), "bus": bus()}
    sheets |= {f"actuator-{kind}".replace("_", "-"): actuator(kind) for kind in KINDS}
    sheets |= {f"board-{name}": terminals(load_board(name)) for name in board_names()}
    return {f"{name}.svg": sheet.svg() for name, sheet in sheets.items()}


if __name__ == "__main__":
    for name, content in drawn().items():
        (PICTURES / name).write_bytes(content)
