"""Drives a journal and a dumb model of it side by side, and cuts the power where it is told."""

from serve import serve  # isort: skip

import hashlib
import random
import sys
from binascii import crc32

from bad_nor import BadNor, PowerCut
from gateway.journal import BILLING, TELEMETRY, Journal, JournalFull

PATH = sys.argv[1]
BLOCKS = 20  # four for cells, four segments a ring
STREAMS = (BILLING, TELEMETRY)
CELLS = ("counter", "stages", "receipt")


def message(stream, seq, size):
    return (b"%d %d " % (stream, seq) * (size // 4 + 1))[:size]


class Model:
    """What must be found after any step: `frames` are those without receipt."""

    def __init__(self):
        self.frames = ({}, {})  # seq: CRC-32
        self.last = [None, None]
        self.cells = {}

    def copy(self):
        other = Model()
        other.frames = tuple(dict(frames) for frames in self.frames)
        other.last = list(self.last)
        other.cells = dict(self.cells)
        return other


class Site:
    def __init__(self, seed, least=0, most=99):
        """Between `least` and `most` lie the kinds of step that are made: see `step`."""
        self.device = BadNor(PATH, BLOCKS)
        self.device.wipe(0, BLOCKS)
        self.journal = Journal(self.device)
        self.model = Model()
        self.after = self.model  # as it will be when the step under way is done
        self.seed = seed
        self.kinds = (least, most)
        self.steps = 0
        self.refused = 0  # appends
        self.dropped = 0  # telemetry frames

    def step(self):
        """Does what the seed has for this step. Raises PowerCut."""
        random.seed(self.seed * 1000 + self.steps)
        what = random.randint(*self.kinds)
        if what < 70:
            self.append(BILLING if what < 25 else TELEMETRY)
        elif what < 85:
            self.receipt()
        elif what < 97:
            name = CELLS[what % 3]
            value = message(what, random.randint(0, 999), random.randint(0, 900))
            self.after.cells[name] = value
            self.journal.put_cell(name, value)
        else:
            self.journal = Journal(self.device)

    def run(self, steps):
        for _ in range(steps):
            self.after = self.model.copy()
            self.step()
            self.model = self.after
            self.steps += 1
            self.compare()

    def append(self, stream):
        last = self.model.last[stream]
        seq = last[1] + 1 if last else 1
        size = random.choice((20, 300, 1000, 3000, 4096))
        content = message(stream, seq, size)
        self.after.last[stream] = (1, seq, hashlib.sha256(content).digest())
        self.after.frames[stream][seq] = crc32(content)
        try:
            self.journal.append(stream, 1, seq, content)
        except JournalFull:
            assert stream == BILLING and self.model.frames[BILLING]
            self.after = self.model.copy()
            self.refused += 1
        self.account_for_dropped()

    def account_for_dropped(self):
        told = self.journal.dropped()
        if told:
            epoch, first, last = told
            frames = self.after.frames[TELEMETRY]
            lost = [seq for seq in frames if first <= seq <= last]
            assert epoch == 1 and max(lost) < self.journal.last(TELEMETRY)[1]
            for seq in lost:
                del frames[seq]
            self.dropped += len(lost)
            self.journal.clear_dropped(told)
            assert self.journal.dropped() is None

    def receipt(self):
        stream = random.choice(STREAMS)
        last = self.model.last[stream]
        if last is None:
            return
        upto = random.randint(0, last[1])
        first = random.randint(upto, last[1] + 3)
        held = [(first, first + 2), (first + 5, first + 5)]
        frames = self.after.frames[stream]
        for seq in list(frames):
            if seq <= upto or any(a <= seq <= b for a, b in held):
                del frames[seq]
        self.journal.receipt(stream, 1, upto, held)

    def compare(self):
        for stream in STREAMS:
            assert self.pending(stream) == self.model.frames[stream]
            assert self.journal.last(stream) == self.model.last[stream]
        for name in CELLS:
            assert self.journal.get_cell(name) == self.model.cells.get(name)

    def pending(self, stream):
        """{seq: CRC-32}, as read from flash."""
        found = {}
        before = 0
        for seq, content in self.journal.pending_after(stream, 0):
            assert seq > before
            before = seq
            found[seq] = crc32(content)
        assert len(found) == self.journal.pending(stream)
        return found

    def recover(self):
        """After a cut all is as before the step or as after it, except that a receipt may be half
        marked and that telemetry may be missing that is told as dropped."""
        self.device.restore_power()
        self.journal = Journal(self.device)
        before, after = self.model, self.after
        now = before.copy()
        for name in CELLS:
            value = self.journal.get_cell(name)
            assert value in (before.cells.get(name), after.cells.get(name))
            if value is not None:
                now.cells[name] = value
        told = self.journal.dropped()
        for stream in STREAMS:
            now.last[stream] = self.journal.last(stream)
            assert now.last[stream] in (before.last[stream], after.last[stream])
            found = self.pending(stream)
            for seq, crc in found.items():
                assert crc in (before.frames[stream].get(seq), after.frames[stream].get(seq))
            for seq in before.frames[stream]:
                if seq not in found and seq in after.frames[stream]:
                    assert stream == TELEMETRY and told[1] <= seq <= told[2]
            if now.last[stream] != before.last[stream]:
                assert now.last[stream][1] in found
            now.frames[stream].clear()
            now.frames[stream].update(found)
        if told:
            self.journal.clear_dropped(told)
        self.model = now
        self.compare()


def copy(source, target):
    with open(source, "rb") as old, open(target, "wb") as new:
        for _ in range(BLOCKS):
            new.write(old.read(4096))


def run(seed, steps):
    """Without a cut: (flash operations, appends refused, telemetry frames dropped)."""
    site = Site(seed)
    site.run(steps)
    site.journal = Journal(site.device)
    site.compare()
    return site.device.operations, site.refused, site.dropped


def cut_everywhere(seed, steps, kept, more, *kinds):
    """Cuts each flash operation of the run, and makes `more` steps after each. `kept`: for each
    cut in turn, the thousandths of the operation that are still done. Returns how many cuts."""
    site = Site(seed, *kinds)
    cuts = 0
    for _ in range(steps):
        copy(PATH, PATH + ".before")
        model, number = site.model, site.steps
        site.device.cut(1 << 30, 0)
        site.run(1)
        operations = site.device.operations
        copy(PATH, PATH + ".after")
        after = site.model
        for operation in range(operations):
            cuts += 1
            copy(PATH + ".before", PATH)
            site.journal = Journal(site.device)
            site.model, site.steps, site.after = model.copy(), number, model.copy()
            site.device.cut(operation, kept[cuts % len(kept)])
            try:
                site.step()
                raise AssertionError("not cut")
            except PowerCut:
                site.recover()
            site.seed += 1  # or the same bytes might go to the same place, and hide a fault
            site.run(more)
            site.journal = Journal(site.device)
            site.compare()
            site.seed = seed
        copy(PATH + ".after", PATH)
        site.journal = Journal(site.device)
        site.model, site.steps = after, number + 1
        site.compare()
    return cuts


serve(run=run, cut_everywhere=cut_everywhere)
