"""Slots on a flash image, a release that comes in, and recorders around them.

Arguments: the flash, and the file in which the release's message and its image lie.
"""

from serve import serve  # isort: skip

import asyncio
import hashlib
import sys

import slots as table
from bad_nor import BadNor, PowerCut
from gateway import cbor
from gateway.trust import Trust
from gateway.update import Update
from slots import Slots

FLASH, FILE = sys.argv[1:]
SLOT_BLOCKS = 5
PART = 1000
NOWHERE = 1 << 30
OLD = b"\xd2\xcd\x31\x10" + b"old application."


class Clock:
    now_ms = staticmethod(lambda: 1_800_000_000_000)


class Journal:
    def __init__(self):
        self.cells = {}

    def get_cell(self, name):
        return self.cells.get(name)

    def put_cell(self, name, value):
        self.cells[name] = value


class Uplink:
    update = None
    told = True


device = journal = trust = uplink = None
free = True
events: list = []


def blank():
    """A board that was just flashed; nothing is known of it."""
    global device, journal
    device = BadNor(FLASH, 2 * SLOT_BLOCKS)
    device.wipe(0, 2 * SLOT_BLOCKS)
    device.writeblocks(0, OLD, 0)
    journal = Journal()
    events.clear()


def trust_in(root):
    global trust
    trust = Trust(bytes.fromhex(root))


def set_free(value):
    global free
    free = value


def updating():
    global uplink
    uplink = Uplink()
    context = trust, Clock, journal, None, None, events.append
    return Update(Slots(device), context, uplink, lambda: free, [])


def release():
    with open(FILE, "rb") as file:
        content = file.read()
    size = int.from_bytes(content[:2], "big")
    return content[2 : 2 + size], content[2 + size :]


def deliver(update):
    """As the collector does: the message, and the image from where the gateway says."""
    message, image = release()
    name = hashlib.sha256(message).digest()
    asyncio.run(update.handle(cbor.encode([name, None, message])))
    if not uplink.update:
        return None
    start = at = uplink.update[1]
    while at is not None and at < len(image):
        part = cbor.encode([name, at, image[at : at + PART]])
        asyncio.run(update.handle(part))
        at += PART
    return start


def take():
    """A release comes in: whether a trial is due, and what is told."""
    update = updating()
    deliver(update)
    told = [event[3] for event in events]
    events.clear()
    return [update.complete, [[event[0], event[1], event.get(3)] for event in told]]


def start(cause):
    """A reset: [slot, state, number of what runs, why]"""
    slots = Slots(device)
    slot = slots.choose(cause)
    return [slot, slots.state, slots.number, slots.why]


def feed(what, why):
    return Slots(device).feed(what, why)


def note(why):
    Slots(device).note(why)


def counted():
    slots = Slots(device)
    return [slots.begun, slots.erasures]


def spoil_records(copies):
    """These copies of the record are gone."""
    for copy in copies:
        device.ioctl(6, (copy + 1) * SLOT_BLOCKS - 1)


def live(is_good):
    """From whatever is there to the end of the update; where the image was taken up again."""
    _, image = release()
    starts = []
    while True:
        slots = Slots(device)
        slot = slots.choose("software")
        if slot:
            assert slots.read(1, 0, len(image)) == image
        else:
            assert slots.read(0, 0, len(OLD)) == OLD
        if slots.state == table.TRIAL:
            if is_good:
                slots.feed(table.WELL, "")
        elif slots.state in (table.GOOD, table.BAD):
            assert slot == (1 if is_good else 0)
            return starts
        else:
            starts.append(deliver(updating()))


def cut_everywhere(is_good, kept, scattered):
    """The power is cut at each operation of an update's life: how many there are, and from where
    the image went on after each cut in which it was coming.
    """
    blank()
    device.cut(NOWHERE, 0)
    live(is_good)
    operations = device.operations
    resumed = []
    for operation in range(operations):
        blank()
        device.cut(operation, kept, scattered)
        try:
            live(is_good)
        except PowerCut:
            pass
        device.cut(operation % 7, 500)  # and again, soon after
        try:
            live(is_good)
        except PowerCut:
            pass
        device.restore_power()
        resumed += live(is_good)
        slots = Slots(device)
        assert slots.number == (7 if is_good else 0)
    return [operations, resumed]


serve(
    blank=blank,
    trust_in=trust_in,
    set_free=set_free,
    take=take,
    start=start,
    feed=feed,
    note=note,
    counted=counted,
    spoil_records=spoil_records,
    cut_everywhere=cut_everywhere,
)
