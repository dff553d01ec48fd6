"""Start the gateway. On the unix port ESEP_BOARD names the board's JSON file."""

import asyncio
import gc
import sys

gc.threshold(8192)  # collect often: importing leaves the heap in pieces

from board import Board
from gateway.app import App
from gateway.configuration import SetupError


def main() -> int:
    """Raises nothing but what a person does (Ctrl-C): the board is reset instead."""
    board = Board()
    app = App(board, __file__.rsplit("/", 1)[0])
    try:
        asyncio.run(app.start())
        asyncio.run(app.run())
    except SetupError as error:
        print("esep:", error, file=sys.stderr)
        _note(board, error)
        return 1
    except Exception as error:
        sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
        _note(board, error)
        board.reset()
    return 0


def _note(board, error):
    """For who gives a release on trial up: why its start ended."""
    slots = board.slots()
    if slots:
        slots.note("%s: %s" % (type(error).__name__, error))
