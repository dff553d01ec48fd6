"""A stopped gateway whose key is changed or ended, on flash whose power can fail."""

from serve import serve  # isort: skip

import asyncio
import sys

import retire
import rotate
from bad_nor import BadNor, PowerCut
from board import settings  # noqa: F401  # compiled once, while there is room
from board.stored import Stored
from gateway import cbor, configuration, identity, records, signer
from gateway.chain import Chain
from gateway.journal import BILLING, TELEMETRY, Journal
from gateway.stopped import KEY_FILE, Stopped

BLOCKS = 18
NOW_MS = 1_800_000_000_000
CONFIGURATION = bytes(range(32))

SETTINGS_BLOCKS = 6  # two of 4096 bytes a side

device = BadNor(sys.argv[1], BLOCKS + SETTINGS_BLOCKS)
seed = 0


class Part:
    """Of the device."""

    def __init__(self, first, blocks):
        self._first = first
        self._blocks = blocks

    def readblocks(self, block, buf, offset):
        device.readblocks(self._first + block, buf, offset)

    def writeblocks(self, block, buf, offset):
        device.writeblocks(self._first + block, buf, offset)

    def ioctl(self, op, arg):
        return self._blocks if op == 4 else device.ioctl(op, self._first + arg)


def flash():
    return Part(0, BLOCKS)


class Board(Stored):
    def __init__(self):
        super().__init__(lambda: Part(BLOCKS, SETTINGS_BLOCKS), sys.argv[1] + ".no/")

    def reset(self):
        self._opened.clear()

    def flash(self):
        return flash()

    def now_ms(self):
        return NOW_MS

    def ticks_ms(self):
        return 0

    def hardware_id(self):
        return "test"

    def watchdog(self, timeout_ms):
        return self

    def feed(self):
        pass

    def random(self, n):
        global seed
        seed += 1
        return bytes((i * 7 + seed * 13) & 0xFF for i in range(n))


board = Board()


async def no_way_up(_gateway):
    raise configuration.SetupError("no way up")


retire._connect = no_way_up


def begin():
    """A gateway that was in service: two billing frames, three of telemetry."""
    device.restore_power()
    device.heal()
    device.wipe(0, BLOCKS + SETTINGS_BLOCKS)
    board.reset()
    identity.create(board.random(40), lambda record: board.write_setting(KEY_FILE, record))
    Journal(flash()).put_cell(configuration.IN_FORCE_CELL, CONFIGURATION)
    for stream in (BILLING, TELEMETRY, BILLING, TELEMETRY, TELEMETRY):
        append(stream)
    return state()


def empty():
    """A gateway that was enrolled and never started."""
    device.wipe(0, BLOCKS)
    return state()


def until_cut(work, cut):
    """`cut`: the number of the operation and thousandths of it that are done; None: no cut."""
    device.restore_power()
    if cut is not None:
        device.cut(*cut)
    try:
        return work()
    except PowerCut:
        return "cut"
    except configuration.SetupError as error:
        return "SetupError: %s" % error
    finally:
        device.restore_power()
        board.reset()


def change_key(cut):
    return until_cut(lambda: asyncio.run(rotate.rotate(Stopped(board))).kid.hex(), cut)


def end(args, cut):
    return until_cut(lambda: asyncio.run(retire.retire(Stopped(board), args)), cut)


def overtaken():
    """A gateway that is not stopped signs the frame that was to be the step."""
    gateway = Stopped(board)
    new = signer.make(board.random(40))
    gateway.identity.intend(*gateway.next(), bytes(new.kept), new.public)
    event = cbor.encode(records.fault(NOW_MS, "test", ""))
    chain = Chain(BILLING, gateway.journal, gateway.identity)
    asyncio.run(chain.append([event], CONFIGURATION, gateway.clock.triplet()))
    return state()


def start(cut):
    """As the application does: what was begun is settled."""
    return until_cut(state, cut)


def state():
    key = Stopped(board).identity
    return {
        "gateway": key.gateway.hex(),
        "public": key.public.hex(),
        "kid": key.kid.hex(),
        "retired": key.retired,
        "destroyed": key.is_destroyed(),
    }


def append(stream):
    """A frame as the application makes them."""
    gateway = Stopped(board)
    record = [2, 0, NOW_MS, None, b""] if stream else records.fault(NOW_MS, "test", "")
    chain = Chain(stream, gateway.journal, gateway.identity)
    asyncio.run(chain.append([cbor.encode(record)], CONFIGURATION, gateway.clock.triplet()))


def drop_telemetry():
    """Fill the ring of telemetry until frames are dropped for room."""
    while Journal(flash()).dropped() is None:
        for _ in range(20):
            append(TELEMETRY)
    return Journal(flash()).dropped()


def receipt_for_all():
    journal = Journal(flash())
    for stream in (BILLING, TELEMETRY):
        epoch, seq, _ = journal.last(stream)
        journal.receipt(stream, epoch, seq, ())


def frames(stream):
    return [message.hex() for _, message in Journal(flash()).pending_after(stream, 0)]


def secret():
    return cbor.decode(board.read_setting(KEY_FILE)[:-4])[0].hex()


def is_in_flash(text):
    """Whether a thief of the board can read it in the settings' partition."""
    wanted = bytes.fromhex(text)
    before = b""
    for block in range(BLOCKS, BLOCKS + SETTINGS_BLOCKS):
        for offset in range(0, device.block_bytes, 256):
            piece = bytearray(256)
            device.readblocks(block, piece, offset)
            if wanted in before + piece:
                return True
            before = bytes(piece[-32:])
    return False


def spare_from_erasing(side):
    """A block of the side is worn: no bit of it is set any more."""
    device.wear_out(BLOCKS + side * SETTINGS_BLOCKS // 3)


def is_left():
    """Whether the gateway knows that an old key may be left."""
    return not Stopped(board).identity.forget_old()


serve(
    begin=begin,
    empty=empty,
    change_key=change_key,
    end=end,
    overtaken=overtaken,
    start=start,
    append=append,
    drop_telemetry=drop_telemetry,
    receipt_for_all=receipt_for_all,
    frames=frames,
    secret=secret,
    is_in_flash=is_in_flash,
    spare_from_erasing=spare_from_erasing,
    is_left=is_left,
)
