"""The parts of a gateway that act on what its operator sends, with recorders around them.

Arguments: the files of the flash and of the message that a request is about. Messages come in a
file because the heap does not hold the longest of them as text beside all these parts.
"""

from serve import serve  # isort: skip

import asyncio
import sys

from gateway import cose
from gateway.journal import Journal
from gateway.orders import Orders
from gateway.outbox import Outbox
from gateway.receipts import Receipts
from gateway.replay import ReplayGuard
from gateway.sent import Sent
from gateway.trust import Trust
from nor import Nor

BLOCKS = 18


class Clock:
    """Stands still."""

    def __init__(self, now_ms, letter):
        self.now_ms = lambda: now_ms
        self.known = lambda: letter != "U"
        self.synchronised = lambda: letter == "S"
        self.uptime_ms = lambda: 0
        self.prove = lambda time_ms: None
        self.hear = lambda time_ms, age_ms: told.append(["hear", time_ms, age_ms])


class Stages:
    """Every stage can be moved, unless power is lost."""

    def __init__(self, ids):
        self.ids = lambda: ids
        self.limited = lambda owner: []

    def open(self, ids, order, until_ms, ramp):
        if not power:
            raise OSError
        told.append(["open", ids, until_ms, ramp])

    def release(self, ids, order, ramp):
        if not power:
            raise OSError
        told.append(["release", ids, ramp])
        return ids


def message():
    with open(sys.argv[2], "rb") as file:
        return file.read()


trust = clock = journal = guard = orders = outbox = receipts = None
gateway = zone = context = None
power = True
on_readings = None  # to be called when those that were asked for are there
told: list = []  # what the parts around were told
events: list = []


def trust_in(root):
    global trust
    trust = Trust(bytes.fromhex(root))


def begin(context_):
    """A gateway on erased flash, in the context of a vector, which believes whom it believed."""
    global clock, journal, guard, outbox, receipts, gateway, zone, context, on_readings
    context, on_readings = context_, None
    device = Nor(sys.argv[1], BLOCKS)
    device.wipe(0, BLOCKS)
    gateway, zone = bytes.fromhex(context["gateway"]), context.get("zone", "")
    clock = Clock(context["now_ms"], context["clock"])
    journal = Journal(device)
    guard = ReplayGuard(journal)
    guard.commit(context.get("last_counter", 0), bytes(32))
    restart()
    outbox = Outbox(journal, 1 << 29, 0)
    sent = Sent(journal, clock)
    receipts = Receipts(gateway, trust, clock, journal, sent, outbox, events.append, lambda: None)
    receipts.last_number = context.get("last_number", -1)


def restart():
    """Commands are judged by a gateway that has just started, with power."""
    global orders, power
    power = True
    stages = Stages(context.get("stages", []))
    orders = Orders(
        (gateway, zone),
        trust,
        guard,
        clock,
        stages,
        read_meters,
        lambda: told.append(["hurry"]),
        set_limit,
        events.append,
    )


def set_limit(order, power_w, until_ms, ids):
    if not power:
        raise OSError
    told.append(["limit", power_w, until_ms, ids])


def read_meters(done):
    global on_readings
    told.append(["read"])
    on_readings = done


def set_clock(now_ms):
    clock.now_ms = lambda: now_ms


def lose_power():
    global power
    power = False


def finish_reading(answered):
    """The events that say so."""
    events.clear()
    on_readings(answered)
    return [plain(event) for event in events]


def command(retained=False):
    """What came of it: [events, what was told, the last counter]."""
    told.clear()
    events.clear()
    try:
        asyncio.run(orders.handle(message(), retained))
    except OSError:
        assert not power
    return [[plain(event) for event in events], told, guard.last()]


def plain(event):
    """A command event's detail, as JSON can hold it."""
    kind, _, code, detail = event
    assert (kind, code) == (3, 4)
    return {str(key): v.hex() if isinstance(v, bytes) else v for key, v in detail.items()}


def fill(stream, epoch, count):
    for seq in range(1, count + 1):
        journal.append(stream, epoch, seq, b"%d" % seq)


def receipt():
    """[`ok` or why it is ignored, what was told, seqs without receipt of each stream]."""
    told.clear()
    events.clear()
    try:
        asyncio.run(receipts.take(message()))
        verdict = "ok"
    except cose.WireError as error:
        verdict = error.reason
    assert events == []
    return verdict, told, [[seq for seq, _ in journal.pending_after(s, 0)] for s in (0, 1)]


def offered(count):
    """(stream, epoch, seq) of what is to be sent next, to a broker that takes it at once."""
    frames = []
    while len(frames) < count:
        found = outbox.next()
        if not found:
            break
        frames.append(found[:3])
        outbox.taken(*found[:3])
    return frames


serve(
    trust_in=trust_in,
    begin=begin,
    restart=restart,
    set_clock=set_clock,
    lose_power=lose_power,
    finish_reading=finish_reading,
    command=command,
    fill=fill,
    receipt=receipt,
    offered=offered,
)
