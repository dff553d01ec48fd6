"""The board of an ESP32, its hardware replaced by names: what it makes of a board.json."""

from serve import serve  # isort: skip

import sys

from nor import Nor

FLASH, FOLDER = sys.argv[1:]
BLOCKS = 6


class Anything:
    """A module whose every name is this again."""

    def __init__(self, *_, **__):
        pass

    def __getattr__(self, name):
        if name.endswith("_RESET"):
            return name
        return Anything

    STA = IF_STA = 0


class Partition:
    TYPE_DATA = 1

    @staticmethod
    def find(_kind, label):  # noqa: ARG004
        return [Nor(FLASH, BLOCKS)]


class Given:
    """What was made, by what arguments; pins and constants by what names them."""

    def __init__(self, *arguments, **named):
        self.given = [list(arguments), named]


class Pin(Given):
    OUT = "Pin.OUT"


class Network(Anything):
    LAN = Given
    PHY_LAN8720 = "PHY_LAN8720"
    PHY_W5500 = "PHY_W5500"


for module in ("machine", "esp32"):
    sys.modules[module] = Anything()
sys.modules["network"] = Network()
sys.modules["esp32"].Partition = Partition
sys.modules["machine"].Pin = Pin
sys.modules["machine"].SPI = Given

from board import esp32


def start():
    """The kind of network by which the board starts, and what is told; or why it does not."""
    try:
        board = InFolder()
    except Exception as error:
        return "%s %s" % (type(error).__name__, error)
    return [board._json["network"]["kind"], board.settings().faults]


def run():
    """A start that comes to its end."""
    board = InFolder()
    board.settings().laid.settle()
    return board._json["network"]["kind"]


def fail():
    """A start in which the application cannot be put together."""
    board = InFolder()
    refused = board.refuse_laid("why")
    return [refused, board._json["network"]["kind"], board.settings().faults]


def room():
    """Bytes of a slot for the application, or None."""
    slots = InFolder().slots()
    return slots and slots.room


def lan():
    """By which arguments the board makes its interface."""
    return _plain(InFolder()._interface.given)


def _plain(made):
    if isinstance(made, Pin):
        return made.given[0][0]
    if isinstance(made, Given):
        return _plain(made.given)
    if isinstance(made, list):
        return [_plain(each) for each in made]
    if isinstance(made, dict):
        return {key: _plain(each) for key, each in made.items()}
    return made


class InFolder(esp32.Board):
    def read_setting(self, name):
        self.settings().laid._folder = FOLDER
        return super().read_setting(name)


serve(start=start, run=run, fail=fail, room=room, lan=lan)
