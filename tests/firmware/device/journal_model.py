"""A journal, and a dumb model of it beside it: what must be found after any step, and any cut.

Frames are chained as a gateway's are: each begins with the hash of the one before it.
"""

import hashlib
import random
import struct

from bad_nor import PowerCut
from gateway.journal import BILLING, TELEMETRY, Journal, JournalFull

STREAMS = (BILLING, TELEMETRY)
SEGMENTS = 4  # a ring has on the device of 20 blocks


class Gateway:
    """`do` takes a step: the name of a method here, without `do_`, and its arguments."""

    def __init__(self, device):
        self.device = device
        self.journal = Journal(device)
        self.epoch = 1
        self.number = 0  # of frames and values that were tried
        self.made = {}  # (stream, epoch, seq): SHA-256 of each frame that was ever durable
        self.receipted = set()  # of those, what a receipt was taken for
        self.told = []  # (epoch, first, last) of dropped telemetry, named in billing
        self.cells = {}
        self.broken = (set(), set())  # segments of each ring in which a bit is stuck
        self._attempt(None, None, None)

    def _attempt(self, frame, cell, named):
        """What is under way: the frame, the cell with its value, the frames a receipt names."""
        self.trying = frame
        self.writing = cell
        self.named = named or set()

    def copy(self):
        """On the flash as it is then."""
        other = Gateway(self.device)
        other.epoch, other.number = self.epoch, self.number
        other.made, other.receipted = dict(self.made), set(self.receipted)
        other.told, other.cells = list(self.told), dict(self.cells)
        other.broken = self.broken
        return other

    def do(self, step):
        """What the step returns. Raises PowerCut."""
        what, *arguments = step
        answer = getattr(self, "do_" + what)(*arguments)
        self._attempt(None, None, None)
        return answer

    def is_cut(self, step, operation, mode, seed):
        """Whether the power was cut in the step: it may have fewer operations."""
        self.number += 100  # or the same bytes might hide what was torn
        random.seed(seed)
        self.device.cut(operation, *mode)
        try:
            self.do(step)
        except PowerCut:
            self.recover()
            return True
        self.device.restore_power()
        return False

    def do_frame(self, stream, size, head=b""):
        """Whether there was room for the next frame."""
        last = self.journal.last(stream)
        if last is None or last[0] < self.epoch:
            last = (self.epoch, 0, bytes(32))
        self.number += 1
        content = last[2] + head + bytes([self.number * 37 & 0xFF]) * (size - 32 - len(head))
        key = (stream, self.epoch, last[1] + 1)
        self.made[key] = hashlib.sha256(content).digest()
        self._attempt(key, None, None)
        try:
            self.journal.append(stream, self.epoch, key[2], content)
        except JournalFull:
            assert stream == BILLING and self.journal.pending(BILLING), "there is room"
            del self.made[key]
            return False
        return True

    def do_cell(self, name, size):
        self.number += 1
        value = bytes([self.number & 0xFF]) * size
        self._attempt(None, (name, value), None)
        self.journal.put_cell(name, value)
        self.cells[name] = value

    def do_epoch(self):
        self.epoch += 1

    def do_restart(self):
        self.journal = Journal(self.device)

    def do_tell(self):
        """Whether telemetry was dropped, and there was room to say so in billing."""
        told = self.journal.dropped()
        if not told or not self.do_frame(BILLING, 150, b"dropped"):
            return False
        self._attempt(None, None, None)
        self.told.append(told)
        self.journal.clear_dropped(told)
        return True

    def do_receipt(self, stream, epoch, upto, held):
        ranges = [(1, upto)] + held
        named = {key for key in self.made if key[:2] == (stream, epoch)}
        named = {key for key in named if any(first <= key[2] <= last for first, last in ranges)}
        self._attempt(None, None, named)
        self.journal.receipt(stream, epoch, upto, held)
        self.receipted |= named

    def do_receipts(self, behind):
        """The collector has the newest frame of each epoch and all but some of those before it."""
        for stream in STREAMS:
            for epoch in range(1, self.epoch + 1):
                last = max([k[2] for k in self.made if k[:2] == (stream, epoch)] or [0])
                held = [(last, last)] if last else []
                self.do_receipt(stream, epoch, max(0, last - 2 * behind), held)

    # ---- what must hold --------------------------------------------------------------------

    def recover(self):
        """After a cut all is as before the step or as after it; a receipt may be half taken."""
        self.device.restore_power()
        self.journal = Journal(self.device)
        if self.trying:
            last = self.journal.last(self.trying[0])
            if last is None or last[:2] != self.trying[1:]:
                del self.made[self.trying]
        if self.writing:
            name, value = self.writing
            if self.journal.get_cell(name) == value:
                self.cells[name] = value
        self.receipted |= self.named - self.check()
        self._attempt(None, None, None)

    def check(self):
        """Returns the names of the frames without receipt."""
        found = set()
        for stream in STREAMS:
            found |= self._check_stream(stream)
        record = self.journal.get_cell("dropped") or b""
        dropped = [struct.unpack_from("<III", record, at) for at in range(0, len(record), 12)]
        for key in self.made:
            if key in self.receipted:
                assert key not in found, "receipted, and pending again"
            elif key not in found and key not in self.named:
                assert key[0] == TELEMETRY, "lost"
                ranges = self.told + dropped
                assert any(e == key[1] and a <= key[2] <= b for e, a, b in ranges), "lost"
        for ring, broken in zip(self.journal._rings, self.broken):
            assert ring.segments.fullness()[1] >= SEGMENTS - len(broken), (
                "a good segment was given up"
            )
        for name, value in self.cells.items():
            assert self.journal.get_cell(name) == value, name
        return found

    def _check_stream(self, stream):
        found = set()
        for epoch in range(1, self.epoch + 1):
            before = 0
            for seq, message in self.journal.pending_after(stream, 0, epoch):
                key = (stream, epoch, seq)
                assert seq > before, "out of order"
                before = seq
                assert hashlib.sha256(message).digest() == self.made[key], "another frame"
                previous = self.made[(stream, epoch, seq - 1)] if seq > 1 else bytes(32)
                assert message[:32] == previous, "broken link"
                found.add(key)
        assert len(found) == self.journal.pending(stream)
        assert not self.journal._rings[stream].lost, "a write that was cut lost the counter"
        newest = max([key for key in self.made if key[0] == stream] or [None])
        if newest:
            assert self.journal.last(stream) == newest[1:] + (self.made[newest],)
        return found
