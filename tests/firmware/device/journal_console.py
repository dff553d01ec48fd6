"""A journal on a flash image, one request at a time."""

from serve import serve  # isort: skip

import gc
import sys

from bad_nor import BadNor
from gateway.journal import TELEMETRY, Journal, JournalFull
from gateway.replay import ReplayGuard

journal = None
device = None
stuck = []  # as BadNor.stick takes it; also after the device is mounted again


def mount(blocks):
    global journal, device
    device = BadNor(sys.argv[1], blocks)
    for fault in stuck:
        device.stick(*fault)
    journal = Journal(device)


def stick(*fault):
    stuck.append(fault)
    device.stick(*fault)


def good(stream):
    """Segments that were not given up."""
    return journal._rings[stream].segments.fullness()[1]


def append(stream, epoch, first, last, size):
    """Frames of `size` bytes, until the journal is full. Returns how many were kept."""
    for seq in range(first, last + 1):
        try:
            journal.append(stream, epoch, seq, content(stream, epoch, seq, size))
        except JournalFull:
            return seq - first
    return last - first + 1


def content(stream, epoch, seq, size):
    text = b"<%d/%d/%d>" % (stream, epoch, seq)
    return text + bytes(size - len(text))


def text(message):
    """`<stream/epoch/seq>` of a message, None when there is none."""
    return None if message is None else bytes(message[: message.find(b">") + 1]).decode()


def last(stream):
    found = journal.last(stream)
    return found and found[:2]


def pending(stream, after, epoch=None):
    return [(seq, text(m)) for seq, m in journal.pending_after(stream, after, epoch)]


def receipt(stream, epoch, upto, held):
    journal.receipt(stream, epoch, upto, held)


def find(stream, seq, epoch=None):
    return text(journal.find(stream, seq, epoch))


def flip(address, bit):
    """A bit of the flash changes by itself."""
    device._seek(*divmod(address, device.block_bytes), 1)
    changed = device._file.read(1)[0] ^ 1 << bit
    device._seek(*divmod(address, device.block_bytes), 1)
    device._file.write(bytes([changed]))


def silent_flips(stream, first, count):
    """Each bit in turn, while the gateway is off: those with which it would use a seq again."""
    newest = journal.last(stream)[:2]
    silent = []
    for address in range(first, first + count):
        for bit in range(8):
            flip(address, bit)
            found = Journal(device)
            if not found.fresh and found.last(stream)[:2] < newest:
                silent.append((address, bit))
            flip(address, bit)
    return silent


def memory():
    gc.collect()
    return gc.mem_alloc()


def command(counter, digest, *steps):
    """The replay guard's verdict, and the last counter after the steps `commit` or `finish`."""
    guard = ReplayGuard(journal)
    verdict = guard.check(counter, bytes.fromhex(digest))
    for step in steps:
        getattr(guard, step)(counter, bytes.fromhex(digest))
    return verdict, guard.last()


def put_cell(name, text):
    try:
        journal.put_cell(name, text.encode())
    except (ValueError, OSError):
        return False
    return True


def get_cell(name):
    value = journal.get_cell(name)
    return value and value.decode()


serve(
    mount=mount,
    stick=stick,
    good=good,
    append=append,
    last=last,
    pending=pending,
    pending_count=lambda stream: journal.pending(stream),
    pending_epoch=lambda stream: journal.pending_epoch(stream),
    receipt=receipt,
    find=find,
    fresh=lambda: journal.fresh,
    dropped=lambda stream=TELEMETRY: journal.dropped(stream),
    clear_dropped=lambda stream, told: journal.clear_dropped(tuple(told), stream),
    ends=lambda before: [end[:3] for end in journal.ends(before)],
    flip=flip,
    silent_flips=silent_flips,
    memory=memory,
    command=command,
    put_cell=put_cell,
    get_cell=get_cell,
)
