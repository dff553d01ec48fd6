"""Frames of the journal as lines of the console, for a laptop that writes them down as they come.

While the gateway is stopped. The journal keeps everything: only a receipt lets it forget.
A line is a frame in base64 and its CRC-32; the last one is JSON: {"frames": how many}.
"""

import binascii
import hashlib
import json
import sys

from board import Board
from gateway.journal import BILLING, TELEMETRY, Journal

_PIECE_BYTES = 192  # turned into text at once
_WATCHDOG_MS = 60_000


def main(which="pending", last=("", "")):
    """`which`: "pending", the frames without receipt, or "all" that are in flash.

    `last`: of each stream the SHA-256, in hex, of the frame that the laptop has; they go on there.
    """
    board = Board()
    journal = Journal(board.flash())
    watchdog = board.watchdog(_WATCHDOG_MS)  # the application may have started it
    count = 0
    for stream, digest in zip((BILLING, TELEMETRY), last):
        first = _after(journal, stream, digest, watchdog)
        for place, (message, pending) in enumerate(journal.frames(stream)):
            watchdog.feed()
            if place >= first and (pending or which == "all"):
                _tell(message)
                count += 1
    print(json.dumps({"frames": count}))


def newest(count):
    """Of billing, the newest so many of this epoch."""
    board = Board()
    journal = Journal(board.flash())
    watchdog = board.watchdog(_WATCHDOG_MS)
    last = journal.last(BILLING)
    told = 0
    if last:
        for seq in range(max(1, last[1] - count + 1), last[1] + 1):
            watchdog.feed()
            message = journal.find(BILLING, seq)
            if message:
                _tell(message)
                told += 1
    print(json.dumps({"frames": told}))


def _after(journal, stream, digest, watchdog):
    """Where the frame after that with the digest stands; 0 when there is none such any more."""
    if digest:
        for place, (message, _) in enumerate(journal.frames(stream)):
            watchdog.feed()
            if hashlib.sha256(message).digest().hex() == digest:
                return place + 1
    return 0


def _tell(message):
    for start in range(0, len(message), _PIECE_BYTES):
        piece = binascii.b2a_base64(message[start : start + _PIECE_BYTES])
        sys.stdout.write(piece.decode().rstrip("\n"))
    sys.stdout.write(" %08x\n" % binascii.crc32(message))
