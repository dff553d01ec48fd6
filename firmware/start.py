"""Start the gateway. On the unix port ESEP_BOARD names the board's JSON file."""

import asyncio
import gc
import sys

gc.threshold(8192)  # collect often: importing leaves the heap in pieces

from board import Board
from gateway.app import App
from gateway.configuration import SetupError


def main() -> int:
    app = App(Board(), __file__.rsplit("/", 1)[0])
    try:
        asyncio.run(app.start())
    except SetupError as error:
        print("esep:", error, file=sys.stderr)
        return 1
    asyncio.run(app.run())
    return 0
