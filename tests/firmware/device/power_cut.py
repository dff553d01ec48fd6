"""A scripted hour of a gateway's work on its journal, and the power cut wherever it is told."""

from serve import serve  # isort: skip

import sys

from bad_nor import BadNor
from gateway.journal import BILLING, TELEMETRY
from journal_model import Gateway

PATH = sys.argv[1]
BLOCKS = 20  # four for cells, four segments a ring
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
            yield "receipts", minute % 3
    yield "receipts", 0


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
            assert other.is_cut(steps[at], operation, MODES[mode], cuts)
            other.is_cut(steps[at], cuts % 5, MODES[cuts % 4], cuts)
            for step in steps[at : at + more]:
                other.do(step)
            other.do_restart()
            other.check()
    copy(PATH + ".after", PATH)
    gateway.do_restart()
    gateway.check()
    at += 1
    return operations * ways, len(gateway.told)


serve(begin=begin, cut_step=cut_step)
