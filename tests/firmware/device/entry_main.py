"""What an ESP32 runs first, its hardware replaced by names. Arguments: the flash, the image.

Prints what was done, in order. The slots are of `BLOCKS` blocks each.
"""

import sys

import vfs
from nor import Nor

FLASH, IMAGE, CAUSE = sys.argv[1:]
BLOCKS = 40
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


class Partition:
    TYPE_DATA = 1

    @staticmethod
    def find(_kind, label):
        assert label == "romfs"
        return [Nor(FLASH, 2 * BLOCKS)]


class Time:
    @staticmethod
    def sleep(seconds):
        done.append("sleep %d" % seconds)


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
for name, module in (("machine", Machine), ("esp32", Esp32), ("vfs", Vfs), ("time", Time)):
    sys.modules[name] = module
import slots  # noqa: F401  # as frozen

sys.path[:] = [".frozen", sys.argv[0].rsplit("/tests/", 1)[0] + "/firmware/entry"]
import main  # noqa: F401

print(done)
