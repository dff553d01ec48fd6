"""The second way out: what the journal holds, into a file or as lines on the console.

While the gateway is stopped. The journal keeps everything: only a receipt lets it forget.
"""

import os
import sys

from board import Board
from gateway.journal import BILLING, TELEMETRY, Journal

_LINE = "frame "
_LINE_BYTES = 64  # turned into text at once
_WATCHDOG_MS = 60_000


def main(path=None, which="pending") -> int:
    """`which` is "pending", the frames without receipt, or "all" that are in flash.

    Into a new file each goes after its length in 4 bytes, high byte first; without a path each is
    a line of the console, in hex.
    """
    if which not in ("pending", "all"):
        return _fail('say "pending" or "all", not "%s"' % which)
    if path and _exists(path):
        return _fail(path + " is there already: name a new file")
    board = Board()
    frames = _chosen(Journal(board.flash()), which == "all", board.watchdog(_WATCHDOG_MS))
    try:
        count = _to_file(frames, path) if path else _to_console(frames)
    except OSError as error:
        return _fail("%s cannot be written (%s); the journal still has everything" % (path, error))
    print("esep: %d frames handed over; the journal keeps them until a receipt" % count)
    return 0


def _chosen(journal, everything, watchdog):
    """Billing first: it is what counts, should the medium be too small.

    A watchdog that the application started runs on, and starts it again after the last frame.
    """
    for stream in (BILLING, TELEMETRY):
        for message, pending in journal.frames(stream):
            watchdog.feed()
            if pending or everything:
                yield message


def _to_file(frames, path):
    count = 0
    with open(path, "wb") as file:
        for message in frames:
            file.write(len(message).to_bytes(4, "big"))
            file.write(message)
            count += 1
    return count


def _to_console(frames):
    count = 0
    for message in frames:
        sys.stdout.write(_LINE)
        for start in range(0, len(message), _LINE_BYTES):
            sys.stdout.write(message[start : start + _LINE_BYTES].hex())
        sys.stdout.write("\n")
        count += 1
    return count


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _fail(text):
    print("esep:", text)
    return 1
