"""An outbox over a journal of names, in time that passes when it is told to."""

from serve import serve  # isort: skip

from gateway import outbox as outboxes
from gateway.outbox import Outbox

PERIOD_MS = 1 << 30  # as on an ESP32
ticks = PERIOD_MS - 20_000
outboxes.ticks_ms = lambda: ticks
outboxes.ticks_add = lambda ms, more: (ms + more) % PERIOD_MS
outboxes.ticks_diff = lambda a, b: (a - b + PERIOD_MS // 2) % PERIOD_MS - PERIOD_MS // 2


class Names:
    """A journal whose messages are their own names."""

    def __init__(self):
        self.frames = ([], [])  # of each stream [epoch, seq, has no receipt], oldest first

    def last(self, stream):
        frames = self.frames[stream]
        return (frames[-1][0], frames[-1][1], b"") if frames else None

    def pending_epoch(self, stream):
        for epoch, _, pending in self.frames[stream]:
            if pending:
                return epoch
        return None

    def pending_after(self, stream, after, epoch):
        for frame_epoch, seq, pending in self.frames[stream]:
            if pending and frame_epoch == epoch and seq > after:
                yield seq, "%d/%d/%d" % (stream, epoch, seq)

    def find(self, stream, seq, epoch):
        for frame in self.frames[stream]:
            if frame[:2] == [epoch, seq]:
                return "%d/%d/%d" % (stream, epoch, seq)
        return None


journal = outbox = None


def begin(resend_after_ms, apart_ms):
    global journal, outbox
    journal = Names()
    outbox = Outbox(journal, resend_after_ms, apart_ms)


def make(stream, epoch, seq):
    journal.frames[stream].append([epoch, seq, True])


def offer(count):
    """What is offered at once, at most so many: [[stream, epoch, seq], …]."""
    found = []
    while len(found) < count:
        one = outbox.next()
        if not one:
            break
        assert one[3] == "%d/%d/%d" % one[:3]
        found.append(one[:3])
    return found


def receipt(stream, epoch, upto, held, wanted):
    for frame in journal.frames[stream]:
        if frame[0] == epoch and (frame[1] <= upto or any(a <= frame[1] <= b for a, b in held)):
            frame[2] = False
    outbox.receipt_came(stream, epoch, upto, held, wanted)


def wait(ms):
    global ticks
    ticks = (ticks + ms) % PERIOD_MS
    outbox.look()


serve(
    begin=begin,
    make=make,
    offer=offer,
    taken=lambda *frame: outbox.taken(*frame),
    receipt=receipt,
    restart=lambda: outbox.restart(),
    wait=wait,
)
