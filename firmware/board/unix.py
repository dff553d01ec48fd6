"""A board made of files, for the unix port: ptys for UARTs, one-byte files for relays.

Its JSON may ask for a watchdog (`watchdog_ms`), a radio (`signal_dbm`) and a plan of `faults`.
"""

import json
import os
import sys
import termios
import time

import micropython

from board.stored import Stored

_BLOCK_BYTES = 4096
_ERASED = b"\xff" * 256
_SETTINGS_BLOCKS = 60
_WATCH_MS = 20
_RESET = "/reset"  # file: why the process ended, for its next start
_RESTART = 3
_VMIN, _VTIME = (16, 17) if sys.platform == "darwin" else (6, 5)

# Ctrl-C ends the process, as a loss of supply would. As an exception it would be raised inside the
# signal handler, in the midst of whatever the heap is doing.
micropython.kbd_intr(-1)


class Uart:
    """A pty; speed and parity mean nothing on it. `stream` never blocks and can be polled.

    The file `line`, where there is one, holds them for whoever plays the meters.
    """

    def __init__(self, path, line=None, spoken=()):
        self._line = line
        if spoken:
            self.set_line(*spoken)
        self.stream = open(path, "r+b")
        fd = self.stream.fileno()
        termios.setraw(fd)
        attributes = termios.tcgetattr(fd)
        # setraw leaves VMIN=1, with which read(n) blocks the whole process until n bytes are there.
        attributes[6][_VMIN] = 0
        attributes[6][_VTIME] = 0
        termios.tcsetattr(fd, termios.TCSANOW, attributes)

    def set_line(self, baud, parity, stop_bits):
        if self._line:
            _replace(self._line, b"%d %d %d" % (baud, parity, stop_bits))

    async def send(self, data):
        self.stream.write(data)


class Flash:
    """NOR flash in a file, with the block device calls of esp32.Partition.

    Erasing sets bytes to 0xff, programming only clears bits. Both are with the host on return: a
    killed process loses nothing, a host that loses power may. MicroPython has no fsync.
    """

    def __init__(self, path, blocks):
        self._blocks = blocks
        size = blocks * _BLOCK_BYTES
        try:
            self._file = open(path, "r+b")
        except OSError:
            self._file = open(path, "w+b")
        have = self._file.seek(0, 2)
        self._fill(have, size - have)

    def readblocks(self, block, buf, offset=0):
        self._file.seek(block * _BLOCK_BYTES + offset)
        if self._file.readinto(buf) != len(buf):
            raise OSError("read past the end of the flash")

    def writeblocks(self, block, buf, offset=None):
        """Program at an offset; without one erase first, as esp32.Partition does."""
        if offset is None:
            self.ioctl(6, block)
            offset = 0
        at = block * _BLOCK_BYTES + offset
        if at + len(buf) > self._blocks * _BLOCK_BYTES:
            raise OSError("write past the end of the flash")
        old = bytearray(len(buf))
        self.readblocks(block, old, offset)
        for i, byte in enumerate(buf):
            old[i] &= byte
        self._file.seek(at)
        self._file.write(old)
        self._file.flush()

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 5:
            return _BLOCK_BYTES
        if op == 6:
            self._fill(arg * _BLOCK_BYTES, _BLOCK_BYTES)
        return 0

    def _fill(self, at, size):
        self._file.seek(at)
        while size > 0:
            size -= self._file.write(_ERASED[: min(size, len(_ERASED))])
        self._file.flush()


class Output:
    """A stage's coil: a file that holds "1" while it is energised."""

    def __init__(self, path):
        self._path = path

    def energised(self):
        return _first_byte(self._path) == b"1"

    def energise(self, on):
        _replace(self._path, b"1" if on else b"0")


class Contact:
    """A file that holds "1" while the stage is closed; or a selector's in REMOTE, a lock's while it
    is set, a protection's that tripped, a button's.
    """

    def __init__(self, path):
        self._path = path

    def closed(self):
        return _first_byte(self._path) == b"1"


class NoWatchdog:
    """Whoever started the process watches it."""

    def feed(self):
        pass


class Watchdog:
    """A thread that kills the process when it is not fed, and leaves word of that."""

    def __init__(self, timeout_ms, tell):
        import _thread

        self._timeout_ms = timeout_ms
        self._tell = tell
        self.feed()
        _thread.start_new_thread(self._watch, ())

    def feed(self):
        self._fed = time.ticks_ms()

    def _watch(self):
        while time.ticks_diff(time.ticks_ms(), self._fed) < self._timeout_ms:
            time.sleep_ms(_WATCH_MS)
        self._tell("watchdog")
        os.system("kill -9 $PPID")  # noqa: S605, S607


class Board(Stored):
    """The board that the JSON file named by ESEP_BOARD describes."""

    def __init__(self):
        path = os.getenv("ESEP_BOARD")
        if not path:
            raise OSError("ESEP_BOARD is not set: give it the path of the board's JSON file")
        with open(path) as file:
            self._json = json.load(file)
        folder = self._json["dir"] + "/"
        super().__init__(lambda: Flash(folder + "settings.bin", _SETTINGS_BLOCKS), folder)
        self._offset_ms = self._drift_ppm = 0
        if "clock" in self._json:
            with open(self._json["clock"]) as file:
                self._offset_ms, self._drift_ppm = json.load(file)
        self._started = time.ticks_ms()
        if "faults" in self._json:
            from board import faults

            faults.plan(self._json["faults"])

    def uart(self, index, baud, parity, stop_bits):
        lines = self._json.get("lines", {})
        spoken = baud, parity, stop_bits
        return Uart(self._json["uarts"][str(index)], lines.get(str(index)), spoken)

    def flash(self):
        return Flash(self._json["flash"], self._json["flash_blocks"])

    def slots(self):
        """None where the application has no two."""
        if "slots" not in self._json:
            return None
        from slots import Slots

        return Slots(Flash(self._json["slots"], 2 * self._json["slot_blocks"]))

    def output(self, number):
        return Output(self._json["outputs"][str(number)])

    def contact(self, number):
        return Contact(self._json["contacts"][str(number)])

    def network_up(self):
        return True

    def ticks_ms(self):
        """The host's, drifting."""
        ticks = time.ticks_ms()
        drift_ms = time.ticks_diff(ticks, self._started) * self._drift_ppm // 1_000_000
        return time.ticks_add(ticks, drift_ms)

    def now_ms(self):
        """Unix time in ms, UTC: the host's, as the file that the JSON names as `clock` bends it.

        It holds [offset in ms, drift in parts in 10^6 since this start].
        """
        drift_ms = time.ticks_diff(self.ticks_ms(), time.ticks_ms())
        return time.time_ns() // 1_000_000 + drift_ms + self._offset_ms

    def set_now_ms(self, now_ms):
        """Set what the next start finds; the host keeps its own time."""
        self._offset_ms += now_ms - self.now_ms()
        if "clock" in self._json:
            clock = json.dumps([now_ms - time.time_ns() // 1_000_000, self._drift_ppm])
            _replace(self._json["clock"], clock.encode())

    def watchdog(self, timeout_ms):
        """One that bites after the JSON's `watchdog_ms` instead, or not at all without it."""
        timeout_ms = self._json.get("watchdog_ms")
        return Watchdog(timeout_ms, self._tell_reset) if timeout_ms else NoWatchdog()

    def reset_cause(self):
        """As the process before this one left word of; to be asked once."""
        path = self._json["dir"] + _RESET
        try:
            with open(path) as file:
                cause = file.read()
        except OSError:
            return "power"
        os.remove(path)
        return cause

    def reset(self):
        """The process ends with exit code 3, and whoever started it starts it again."""
        self._tell_reset("software")
        sys.exit(_RESTART)

    def _tell_reset(self, cause):
        _replace(self._json["dir"] + _RESET, cause.encode())

    def signal_dbm(self):
        return self._json.get("signal_dbm")

    def asked_to_stop(self):
        """Whether the file that the JSON names as `stop` is there."""
        try:
            os.stat(self._json.get("stop", ""))
            return True
        except OSError:
            return False

    def hardware_id(self):
        return "unix-" + self._json.get("name", "board")

    def random(self, n):
        return os.urandom(n)


def _first_byte(path):
    try:
        with open(path, "rb") as file:
            return file.read(1)
    except OSError:
        return b""


def _replace(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
        file.flush()
    os.rename(path + ".new", path)
