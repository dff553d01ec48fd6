"""A gateway's identity and chains on a flash image, one request at a time."""

from serve import serve  # isort: skip

import asyncio
import hashlib
import sys

from gateway import cbor
from gateway import identity as identities
from gateway.chain import Chain, FrameTooLong
from gateway.journal import BILLING, TELEMETRY, Journal, JournalFull
from nor import Nor

BLOCKS = 20
CONFIGURATION = bytes(range(32))
CLOCK = [1800000000000, "S", 12]

record = None  # as the board keeps it
old_record = None
identity = None
device = Nor(sys.argv[1], BLOCKS)
journal = None
chains = ()


def save(data):
    global record
    record = data


def load():
    return record


def create(seed):
    global identity
    identity = identities.create(bytes.fromhex(seed), save)
    return restart()


def restart():
    """As after a start: all that is known is on the board."""
    global identity, journal, chains
    identity = identities.restore(load, save)
    journal = Journal(device)
    identity.settle(journal)
    chains = [Chain(stream, journal, identity) for stream in (BILLING, TELEMETRY)]
    return [identity.gateway.hex(), identity.kid.hex(), identity.public.hex()]


def spoil_identity():
    global record
    record = record[:9] + bytes([record[9] ^ 1]) + record[10:]


def lose(first, blocks):
    """The flash of these blocks is erased while the gateway is off."""
    device.wipe(first, blocks)
    return restart()


def keep_image():
    global old_record
    _copy(sys.argv[1], sys.argv[1] + ".old", "wb")
    old_record = record


def fall_back(and_identity):
    """To the flash as it was when its image was kept; and the key's record too, or not."""
    _copy(sys.argv[1] + ".old", sys.argv[1], "r+b")
    if and_identity:
        save(old_record)
    return restart()


def _copy(source, target, mode):
    with open(source, "rb") as old, open(target, mode) as new:
        for _ in range(4 * BLOCKS):
            new.write(old.read(1024))


def digest(stream, epoch, seq):
    """SHA-256 of a frame that is in flash, or None."""
    found = journal.find(stream, seq, epoch)
    return found and hashlib.sha256(found).digest().hex()


class Rtc:
    def now_ms(self):
        return CLOCK[0]

    def ticks_ms(self):
        return 0


def receive(root, *messages):
    """Takes receipts: what is to be told in billing of them. Of several a frame follows each."""
    # here, for the room that the others need: all of it is compiled into this heap
    from gateway.clock import Clock
    from gateway.outbox import Outbox
    from gateway.receipts import Receipts
    from gateway.sent import Sent
    from gateway.trust import Trust

    told = []
    clock = Clock(Rtc())
    receipts = Receipts(
        identity.gateway,
        Trust(bytes.fromhex(root)),
        clock,
        journal,
        Sent(journal, clock),
        Outbox(journal, 1 << 29, 0),
        told.append,
        lambda: None,
    )
    for message in messages:
        asyncio.run(receipts.take(bytes.fromhex(message)))
        if len(messages) > 1:
            append(BILLING, [1])
    return told


def append(stream, sizes):
    """A frame with a sample of each size: [seq, message], or the exception's name."""
    return asyncio.run(_append(stream, sizes))


async def _append(stream, sizes):
    records = [cbor.encode([2, 0, CLOCK[0], None, bytes(size)]) for size in sizes]
    try:
        seq, message = await chains[stream].append(records, CONFIGURATION, CLOCK)
    except (FrameTooLong, JournalFull) as error:
        return type(error).__name__
    return [seq, message.hex()]


def append_at_once(count):
    """Frames of both streams, all begun before the first is signed: [[stream, seq], …]."""

    async def all_of_them():
        tasks = [asyncio.create_task(_append(n % 2, [10])) for n in range(count)]
        answers = []
        for n, task in enumerate(tasks):
            seq, _ = await task
            answers.append((n % 2, seq))
        return answers

    return asyncio.run(all_of_them())


def kept_after(stream, seq, epoch=None):
    """The next pending message in the journal, or None."""
    for _, message in journal.pending_after(stream, seq, epoch):
        return message.hex()


def begin_epoch_while_telemetry_is_signed():
    """[epoch, seq] of the frame of either stream."""

    async def both():
        task = asyncio.create_task(_append(TELEMETRY, [10]))
        await asyncio.sleep(0)
        journal.fresh = True
        await _append(BILLING, [10])
        await task
        return [journal.last(stream)[:2] for stream in (BILLING, TELEMETRY)]

    return asyncio.run(both())


def enrolment(hardware_id):
    return asyncio.run(identity.enrolment(hardware_id)).hex()


serve(
    create=create,
    restart=restart,
    spoil_identity=spoil_identity,
    lose=lose,
    keep_image=keep_image,
    fall_back=fall_back,
    digest=digest,
    pending=lambda stream: journal.pending(stream),
    begin_epoch_while_telemetry_is_signed=begin_epoch_while_telemetry_is_signed,
    receive=receive,
    append=append,
    append_at_once=append_at_once,
    kept_after=kept_after,
    enrolment=enrolment,
)
