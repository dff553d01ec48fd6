"""What an ESP32 runs first, its hardware replaced by names.

Arguments: the flash, the cause of the reset, what the button does: "", "held", or "pressed" while
the board pauses. Prints what was done, in order. The slots are of `BLOCKS` blocks each, behind them
lie the settings.
"""

import sys

import micropython
import vfs
from nor import Nor

FLASH, CAUSE, BUTTON = sys.argv[1:]
BLOCKS = 40
SETTINGS = 60
done = []


class Machine:
    PWRON_RESET, HARD_RESET, SOFT_RESET, WDT_RESET = "power", "hard", "soft", "watchdog"

    @staticmethod
    def reset_cause():
        return CAUSE

    @staticmethod
    def reset():
        done.append("reset")

    class WDT:
        def __init__(self, timeout):
            done.append("watchdog %d" % timeout)

    class Pin:
        IN, PULL_UP, IRQ_FALLING, IRQ_RISING = range(4)
        level = 0 if BUTTON == "held" else 1
        handler = None

        def __init__(self, number, *_how):
            assert number == 0

        def __call__(self):
            return Machine.Pin.level

        def irq(self, handler, *_edges):
            Machine.Pin.handler = handler

        @staticmethod
        def put(level):
            Machine.Pin.level = level
            if Machine.Pin.handler:
                Machine.Pin.handler(Machine.Pin(0))


class Partition:
    TYPE_DATA = 1

    @staticmethod
    def find(_kind, label):
        if label == "settings":
            return [Nor(FLASH + ".settings", SETTINGS)]
        assert label == "romfs"
        return [Nor(FLASH, 2 * BLOCKS)]


class Time:
    @staticmethod
    def sleep(seconds):
        done.append("sleep %d" % seconds)
        if BUTTON == "pressed":
            Machine.Pin.put(0)
            Machine.Pin.put(1)


class MicroPython:
    """Of the unix port's console Ctrl-C would end the whole process."""

    const = staticmethod(micropython.const)

    @staticmethod
    def kbd_intr(character):
        done.append("ctrl-c " + {3: "heard", -1: "unheard"}[character])


class Vfs:
    """`rom_ioctl` is the ESP32's, which gives the partition as it is mapped into memory."""

    VfsRom = vfs.VfsRom
    mount = staticmethod(vfs.mount)
    umount = staticmethod(vfs.umount)

    @staticmethod
    def rom_ioctl(_what, _number):
        with open(FLASH, "rb") as file:
            return file.read()


class Esp32:
    pass


Esp32.Partition = Partition
for name, module in (
    ("machine", Machine),
    ("esp32", Esp32),
    ("vfs", Vfs),
    ("time", Time),
    ("micropython", MicroPython),
):
    sys.modules[name] = module
import slots  # noqa: F401  # as frozen

sys.path[:] = [".frozen", sys.argv[0].rsplit("/tests/", 1)[0] + "/firmware/entry"]
import main  # noqa: F401

print(done)
