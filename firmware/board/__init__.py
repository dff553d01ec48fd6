"""The board: all that differs between an ESP32 and the unix port of MicroPython.

Nothing above this package imports machine, esp32, network or termios.
"""

import sys

if sys.platform == "esp32":
    from board.esp32 import Board
else:
    from board.unix import Board

__all__ = ("Board",)
