"""Judges schedules, and says what one that is held allows.

Arguments: the files of the flash and of the message that a request is about.
"""

from serve import serve  # isort: skip

import asyncio
import sys

from gateway import cose
from gateway.journal import Journal
from gateway.limit import schedule
from gateway.trust import Trust
from nor import Nor

BLOCKS = 18


class Clock:
    """Stands still."""

    def __init__(self, now_ms, letter):
        self.now_ms = lambda: now_ms
        self.known = lambda: letter != "U"
        self.prove = lambda time_ms: None


trust = clock = journal = gateway = None
objection = None


def trust_in(root):
    global trust
    trust = Trust(bytes.fromhex(root))


def begin(context):
    """A gateway on erased flash, in the context of a vector."""
    global clock, journal, gateway
    device = Nor(sys.argv[1], BLOCKS)
    device.wipe(0, BLOCKS)
    journal = Journal(device)
    gateway = bytes.fromhex(context["gateway"])
    clock = Clock(context["now_ms"], context["clock"])


def take(serial):
    """`ok`, `ignored` or why it is refused; and the serial number that is held in flash then."""
    with open(sys.argv[2], "rb") as file:
        message = file.read()
    try:
        taken = asyncio.run(schedule.take(message, trust, clock, journal, gateway, serial, objects))
        verdict = "ok" if taken else "ignored"
    except cose.WireError as error:
        verdict = error.reason
    held = schedule.held(Journal(Nor(sys.argv[1], BLOCKS)))
    return verdict, held and held.serial


def object_to(reason):
    """Whatever a reduction asks for cannot be done here, for this reason."""
    global objection
    objection = reason


def objects(reduction):
    return objection


def limits(ranges):
    """What the one that is held allows in each range of times."""
    held = schedule.held(journal)
    return [held.limit(earliest_ms, latest_ms) for earliest_ms, latest_ms in ranges]


serve(trust_in=trust_in, begin=begin, take=take, limits=limits, object_to=object_to)
