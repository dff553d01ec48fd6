"""A journal and its model, step by step, on flash whose bits get stuck and whose power fails."""

from serve import serve  # isort: skip

import sys

from bad_nor import BadNor
from journal_model import Gateway

BLOCKS = 20
RING_BLOCK, RING_BLOCKS, SEGMENT_BLOCKS = 4, 8, 2

device = BadNor(sys.argv[1], BLOCKS)
device.wipe(0, BLOCKS)
gateway = Gateway(device)
cuts = 0


def do(*step):
    answer = gateway.do(step)
    gateway.check()
    return answer


def cut(operation, kept, scattered, *step):
    """Whether the step came so far."""
    global cuts
    cuts += 1
    return gateway.is_cut(step, operation, (kept, scattered), cuts)


def stick(ring, segment, offset, bit, value):
    """From now on a bit of a ring's segment cannot be changed to the other value."""
    block, offset = divmod(offset, 4096)
    block += RING_BLOCK + ring * RING_BLOCKS + segment * SEGMENT_BLOCKS
    device.stick(block, offset, 1 << bit, value)
    gateway.broken[ring].add(segment)


def stick_cell(block, offset, bit, value):
    device.stick(block, offset, 1 << bit, value)


def newest(stream):
    """The seq of the stream's newest frame in the newest epoch, 0 when there is none."""
    last = gateway.journal.last(stream)
    return last[1] if last and last[0] == gateway.epoch else 0


serve(do=do, cut=cut, stick=stick, stick_cell=stick_cell, newest=newest)
