"""Messages that a gateway handed over as a file, or as lines of its console."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from collector.evidence.cose import MAX_MESSAGE
from collector.intake.admission import Delivery

_LENGTH_BYTES = 4
_LINE = b"frame "
_END = re.compile(rb"esep: (\d+) frames handed over")
_LONGEST_LINE = len(_LINE) + 2 * MAX_MESSAGE + 2


class CutOffError(ValueError):
    """The rest of a file is no messages: it was cut off, or is something else."""


def deliveries(path: Path) -> Iterator[Delivery]:
    """Raises OSError, and CutOffError after the last message that is whole.

    A file holds each message after its length in 4 bytes, as `frames.bin` of an export does; or
    it is what a console said, in which each line "frame …" holds a message in hex.
    """
    with path.open("rb") as file:
        is_binary = file.read(1) in (b"", b"\0")  # no message is as long as 2^24 bytes
        file.seek(0)
        for message in _binary(file) if is_binary else _lines(file):
            yield Delivery.of_file(path.name, message)


def _binary(file: BinaryIO) -> Iterator[bytes]:
    while head := file.read(_LENGTH_BYTES):
        at = file.tell() - len(head)
        size = int.from_bytes(head)
        message = file.read(size) if 0 < size <= MAX_MESSAGE else b""
        if len(head) < _LENGTH_BYTES or not message or len(message) < size:
            raise CutOffError(f"from byte {at} on there is no whole message")
        yield message


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Other lines are what else a console says; the last of a hand-over says how many there are."""
    found = told = 0
    while line := file.readline(_LONGEST_LINE):
        if line.startswith(_LINE):
            found += 1
            text = line[len(_LINE) :].strip()
            try:
                yield bytes.fromhex(text.decode())
            except ValueError:
                yield text  # spoilt on the way: refused as malformed
        elif end := _END.match(line):
            told += int(end[1])
    if found != told:
        raise CutOffError(f"the gateway said that it handed over {told} frames, {found} are here")
