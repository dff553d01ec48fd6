"""What MicroPython on the ESP32 runs first: it mounts the slot whose turn it is, and starts it.

Frozen in, with `slots`. Whatever ends the application, the board starts again: a person at the
console has a while to stop that, but for a release on trial, which is given up sooner so.
"""

import sys
import time

import machine
import vfs
from esp32 import Partition
from slots import TRIAL, Slots

_PAUSE_S = 20
_WATCHDOG_MS = 60_000
_CAUSES = {
    machine.PWRON_RESET: "power",
    machine.HARD_RESET: "software",
    machine.SOFT_RESET: "software",
    machine.WDT_RESET: "watchdog",
}


def mount(slots, slot):
    """The partition is mapped into memory as a whole; MicroPython has mounted the first slot."""
    try:
        vfs.umount("/rom")
    except OSError:
        pass  # it holds no image
    whole = memoryview(vfs.rom_ioctl(2, 0))
    at = slot * len(whole) // 2
    image = whole[at : at + slots.room]
    vfs.mount(vfs.VfsRom(image), "/rom")  # type: ignore[attr-defined]
    if "/rom" not in sys.path:
        sys.path.append("/rom")


def run():
    partition = Partition.find(Partition.TYPE_DATA, label="romfs")[0]
    slots = Slots(partition)
    chosen = slots.choose(_CAUSES.get(machine.reset_cause(), "unknown"))
    if slots.state == TRIAL:
        machine.WDT(timeout=_WATCHDOG_MS)  # before anything of it runs
    try:
        mount(slots, chosen)
        from start import main

        main()
    except Exception as error:
        sys.print_exception(error)
        Slots(partition).note("%s: %s" % (type(error).__name__, error))


run()
print("esep: starts again in %d s; Ctrl-C stops that" % _PAUSE_S)
time.sleep(_PAUSE_S)
machine.reset()
