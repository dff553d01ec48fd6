"""A scripted hour of a gateway's work on its journal, and the power cut wherever it is told."""

from serve import serve  # isort: skip

import hashlib
import random
import sys

from bad_nor import BadNor, PowerCut
from gateway.journal import BILLING, TELEMETRY, Journal

PATH = sys.argv[1]
BLOCKS = 20  # four for cells, four segments a ring
STREAMS = (BILLING, TELEMETRY)
MODES = ((0, False), (500, False), (-500, False), (500, True), (999, False), (0, True))


def hour():
    """Steps: (what, …). The network is away in the middle of it; the power fails once anyway."""
    for minute in range(60):
        if minute % 15 == 0:
            for meter in range(3):
                yield "frame", BILLING, 300 + 40 * meter
        if minute % 7 == 3:
            for name, size in (("counter", 37), ("stages", 200), ("counter", 38), ("stages", 90)):
                yield "cell", name, size
            yield "frame", BILLING, 180
        if minute in (11, 41):
            yield ("epoch",)
        if minute == 33:
            yield "frame", BILLING, 4096
            yield ("restart",)
        yield "frame", TELEMETRY, 900 + 170 * (minute % 5)
        if minute % 20 == 19:
            yield "frame", TELEMETRY, 4000
        yield ("tell",)
        if minute < 14 or minute > 44:
            yield "receipt", minute % 3
    yield "receipt", 0


class Gateway:
    """A journal, and what must be true of it."""

    def __init__(self, device):
        self.device = device
        self.journal = Journal(device)
        self.epoch = 1
        self.number = 0  # of frames and values that were tried
        self.made = {}  # (stream, epoch, seq): SHA-256 of each frame that was ever durable
        self.receipted = set()  # of those, what a receipt was taken for
        self.told = []  # (epoch, first, last) of dropped telemetry, named in billing
        self.cells = {}
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
        return other

    def do(self, step):
        """Raises PowerCut."""
        what, *arguments = step
        getattr(self, "do_" + what)(*arguments)
        self._attempt(None, None, None)

    def do_frame(self, stream, size, head=b""):
        """The next frame, which names the one before it."""
        last = self.journal.last(stream)
        if last is None or last[0] < self.epoch:
            last = (self.epoch, 0, bytes(32))
        self.number += 1
        content = last[2] + head + bytes([self.number * 37 & 0xFF]) * (size - 32 - len(head))
        key = (stream, self.epoch, last[1] + 1)
        self.made[key] = hashlib.sha256(content).digest()
        self._attempt(key, None, None)
        self.journal.append(stream, self.epoch, key[2], content)

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
        told = self.journal.dropped()
        if told:
            self.do_frame(BILLING, 150, b"dropped")
            self._attempt(None, None, None)
            self.told.append(told)
            self.journal.clear_dropped(told)

    def do_receipt(self, behind):
        """The collector has the newest frame of each epoch and all but some of those before it."""
        for stream in STREAMS:
            for epoch in range(1, self.epoch + 1):
                last = max([k[2] for k in self.made if k[:2] == (stream, epoch)] or [0])
                upto = max(0, last - 2 * behind)
                named = {k for k in self.made if k[:2] == (stream, epoch)}
                named = {k for k in named if k[2] <= upto or k[2] == last}
                self._attempt(None, None, named)
                self.journal.receipt(stream, epoch, upto, [(last, last)] if last else [])
                self.receipted |= named

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
        dropped = self.journal.dropped()
        for key in self.made:
            if key in self.receipted:
                assert key not in found, "receipted, and pending again"
            elif key not in found and key not in self.named:
                assert key[0] == TELEMETRY, "lost"
                ranges = self.told + ([dropped] if dropped else [])
                assert any(e == key[1] and a <= key[2] <= b for e, a, b in ranges), "lost"
        for ring in self.journal._rings:
            assert ring.fullness()[1] == 4, "a good segment was given up"
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
        newest = max([key for key in self.made if key[0] == stream] or [None])
        if newest:
            assert self.journal.last(stream) == newest[1:] + (self.made[newest],)
        return found


def copy(source, target):
    with open(source, "rb") as old, open(target, "wb") as new:
        for _ in range(BLOCKS):
            new.write(old.read(4096))


steps = list(hour())
device = BadNor(PATH, BLOCKS)
gateway = None
at = 0
cuts = 0


def begin():
    """How many steps there are."""
    global gateway, at
    device.wipe(0, BLOCKS)
    gateway = Gateway(device)
    at = 0
    return len(steps)


def cut_step(ways, more):
    """The next step, cut at each of its flash operations in so many of MODES in turn; after each
    cut the step again, cut too, and as many steps as `more` says; then the step as it should be.
    Returns how often the power was cut at first, and how often frames
    were dropped so far."""
    global at, cuts
    copy(PATH, PATH + ".before")
    kept = gateway.copy()
    device.cut(1 << 30, 0)
    gateway.do(steps[at])
    operations = device.operations
    device.restore_power()
    gateway.check()
    copy(PATH, PATH + ".after")
    for operation in range(operations):
        for _ in range(ways):
            mode = cuts % len(MODES)
            cuts += 1
            copy(PATH + ".before", PATH)
            other = kept.copy()
            assert _is_cut(other, steps[at], operation, MODES[mode])
            _is_cut(other, steps[at], cuts % 5, MODES[cuts % 4])
            for step in steps[at : at + more]:
                other.do(step)
            other.do_restart()
            other.check()
    copy(PATH + ".after", PATH)
    gateway.do_restart()
    gateway.check()
    at += 1
    return operations * ways, len(gateway.told)


def _is_cut(other, step, operation, mode):
    """Whether the power was cut in the step: it may be shorter."""
    other.number += 100  # or the same bytes might hide what was torn
    random.seed(cuts)
    device.cut(operation, *mode)
    try:
        other.do(step)
    except PowerCut:
        other.recover()
        return True
    device.restore_power()
    return False


serve(begin=begin, cut_step=cut_step)
