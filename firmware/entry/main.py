"""What MicroPython on the ESP32 runs first: it mounts the slot whose turn it is, and starts it.

Frozen in, with `slots`. Whatever ends the application, the board starts again. The console is
closed: Ctrl-C ends what runs only while the BOOT button is held, or where no gateway was made of
the board yet.
"""

import micropython

micropython.kbd_intr(-1)  # first of all

import sys
import time

import machine
import vfs
from esp32 import Partition
from slots import TRIAL, Slots

_BUTTON = 0  # of every module in hardware/boards; pressed it pulls its pin down
_CTRL_C = 3
_NONE = -1
_PAUSE_S = 20
_WATCHDOG_MS = 60_000
_CAUSES = {
    machine.PWRON_RESET: "power",
    machine.HARD_RESET: "software",
    machine.SOFT_RESET: "software",
    machine.WDT_RESET: "watchdog",
}


def listen(button):
    micropython.kbd_intr(_NONE if button() else _CTRL_C)


def is_bare():
    """Whether nothing was installed yet. Where the application cannot say it, that is not so."""
    try:
        from board.settings import Settings

        found = Partition.find(Partition.TYPE_DATA, label="settings")
        return not Settings(found[0], "/").has_copy("configuration.cose")
    except Exception:
        return False


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


button = machine.Pin(_BUTTON, machine.Pin.IN, machine.Pin.PULL_UP)
button.irq(listen, machine.Pin.IRQ_FALLING | machine.Pin.IRQ_RISING)
listen(button)
try:
    run()
    if is_bare():
        button.irq(None)
        micropython.kbd_intr(_CTRL_C)
        print("esep: no gateway yet; its console is open for %d s" % _PAUSE_S)
    else:
        print("esep: starts again in %d s; hold BOOT for its console" % _PAUSE_S)
    time.sleep(_PAUSE_S)
finally:
    button.irq(None)  # whoever got in may let go
machine.reset()
