"""A board's terminals, from its file (`hardware/boards`)."""

from technician.boards import Board
from technician.drawings.sheet import CONTROL, DATA, Sheet

_STEP = 22
_TOP = 66
_LEFT, _RIGHT = 170, 430
_LINES = ("A", "B", "GND")


def terminals(board: Board) -> Sheet:
    buses, relays = board.document["rs485"], board.document["relay"]
    inputs = board.document["input"]
    rows = max(len(_LINES) * len(buses) + 1 + len(relays), len(inputs) + 3)
    height = _TOP + _STEP * rows + 40
    sheet = Sheet(f"{board.name}: {board.module}", 600, height)
    sheet.box((_LEFT, 40), (_RIGHT - _LEFT, height - 80))
    y: float = _TOP
    for line in buses:
        pins = f"UART{line['uart']}: TX IO{line['tx']}, RX IO{line['rx']}, DE IO{line['de']}"
        sheet.text((_LEFT + 10, y + _STEP + 3), pins, size=8, color=DATA)
        for name in _LINES:
            sheet.terminal((_LEFT, y), f"bus {line['bus']}  {name}", side="left", color=DATA)
            y += _STEP
    for relay in relays:
        y += _STEP
        sheet.terminal((_LEFT, y), f"output {relay['output']}", side="left", color=CONTROL)
        sheet.text((_LEFT + 10, y + 3), f"relay, IO{relay['pin']}", size=8, color=CONTROL)
    _inputs(sheet, board)
    note = "an output is the pair of a relay's contact; an input is closed to the inputs' common"
    sheet.text((300, height - 14), note, anchor="middle", size=8)
    return sheet


def _inputs(sheet: Sheet, board: Board) -> None:
    y: float = _TOP
    for each in board.document["input"]:
        sheet.terminal((_RIGHT, y), f"input {each['contact']}", side="right", color=CONTROL)
        text = f"opto-coupler, IO{each['pin']}"
        sheet.text((_RIGHT - 10, y + 3), text, anchor="end", size=8, color=CONTROL)
        y += _STEP
    sheet.terminal((_RIGHT, y), "inputs' common", side="right", color=CONTROL)
    network = "Wi-Fi: antenna" if board.is_wifi else "Ethernet: RJ45"
    sheet.text((_RIGHT - 10, y + 2 * _STEP), network, anchor="end", size=8, color=DATA)
