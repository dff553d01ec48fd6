"""A gateway's clock, and what it hangs on, in a time that passes when it is told to."""

import asyncio
import struct

from gateway import BUILT_MS, ntp
from gateway import clock as clocks
from gateway.boundaries import Boundaries
from gateway.sent import Sent
from gateway.ticker import Ticker
from serve import serve

# As on an ESP32, where small integers have 31 bits.
PERIOD = 1 << 30
LONGEST_SLEEP_MS = 60_000
ticks = 0


def ticks_diff(one, other):
    return ((one - other + PERIOD // 2) & (PERIOD - 1)) - PERIOD // 2


clocks.ticks_diff = ticks_diff


class Board:
    def __init__(self, now_ms):
        self.ms = now_ms

    def now_ms(self):
        return self.ms

    def set_now_ms(self, now_ms):
        self.ms = now_ms

    def ticks_ms(self):
        return ticks & (PERIOD - 1)

    def random(self, n):
        return bytes(n)

    def network_up(self):
        return True


class Journal:
    """Of each stream, the newest frame's (epoch, seq, hash) at the start; and cells that stay."""

    def __init__(self, seq):
        self.last = lambda stream: (1, seq, bytes(32)) if seq else None

    def get_cell(self, name):
        return cells.get(name)

    def put_cell(self, name, value):
        cells[name] = value


cells: dict = {}
clock = board = sent = ticker = boundaries = None


def new():
    """A gateway that has never run, a moment before its counter wraps."""
    global ticks
    ticks = PERIOD - 1000
    cells.clear()


def start(rtc_ms, period_ms, last_seq, issued_ms=0):
    """The step that the start makes."""
    global clock, board, sent, ticker, boundaries
    board = Board(rtc_ms)
    clock = clocks.Clock(board)
    journal = Journal(last_seq)
    boundaries = Boundaries(journal, clock, period_ms)
    boundaries.carry_on(issued_ms)
    sent = Sent(journal, clock)
    ticker = Ticker(clock, period_ms, boundaries.carried_on_from())
    return clock.raised


def elapse(ms):
    """The boundaries that are recorded while so much of the gateway's time passes, and how late."""
    global ticks
    end = ticks + ms
    recorded = []
    while ticks < end:
        ticks = min(end, ticks + max(1, min(ticker.remaining_ms(), LONGEST_SLEEP_MS)))
        boundary_ms = ticker.due()
        if boundary_ms is not None and boundaries.is_new(boundary_ms):
            recorded.append((boundary_ms, clock.now_ms() - boundary_ms))
    return recorded


def is_new(boundary_ms):
    return boundaries.is_new(boundary_ms)


def send(stream, seq):
    sent.note(stream, 1, seq)


def receive(collector_ms, stream, upto, held):
    """A receipt of one stream comes: the step that it makes."""
    return clock.hear(collector_ms, sent.age_ms(stream, 1, upto, held))


def frame():
    """What a frame says of the clock, then the RTC and the time since the start."""
    return clock.triplet(), board.ms, clock.uptime_ms()


def proven_ms():
    return clock.proven_ms()


def prove(time_ms):
    clock.prove(time_ms)


def built_ms():
    return BUILT_MS


def drift():
    return clock.drift_ppb()


# ---- NTP -------------------------------------------------------------------------------------


def packet(unix_s, leap=0, mode=4, stratum=2, cookie=bytes(8), fraction=0, thought=(0, 0)):
    """An answer, sent at a Unix time, `thought` (s, 1/2^32 s) after the question came."""
    sent_at = struct.pack(">II", (unix_s + 2_208_988_800) & 0xFFFFFFFF, fraction)
    seconds = (unix_s + 2_208_988_800 - thought[0]) & 0xFFFFFFFF
    came_at = struct.pack(">II", seconds, fraction - thought[1])
    return bytes([leap << 6 | 4 << 3 | mode, stratum]) + bytes(22) + cookie + came_at + sent_at


def read(way_ms, heard_at, fields):
    """(way, offset) of an answer, or why it says nothing."""
    try:
        return ntp._read(packet(**fields), way_ms, heard_at)
    except ntp.NtpError as error:
        return str(error)


def consult(servers, answers):
    """One round, in which each server gives [way, unix time] or nothing: what was done and told."""
    told = []
    faults = []
    client = ntp.Ntp(board, clock, servers, told.append, lambda task, what: faults.append(what))
    left = list(answers)

    async def ask(server):
        answer = left.pop(0)
        if answer is None:
            raise OSError(110)
        return answer[0], answer[1] - clock.uptime_ms()

    client._ask = ask
    followed = asyncio.run(client.round())
    return followed, [[event[3][i] for i in range(3)] for event in told], faults


serve(
    new=new,
    start=start,
    elapse=elapse,
    is_new=is_new,
    send=send,
    receive=receive,
    frame=frame,
    proven_ms=proven_ms,
    prove=prove,
    built_ms=built_ms,
    drift=drift,
    read=read,
    consult=consult,
)
