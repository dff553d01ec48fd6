"""A gateway's clock, and what it hangs on, in a time that passes when it is told to."""

from gateway import clock as clocks
from gateway.sent import Sent
from gateway.ticker import Once, Ticker
from serve import serve

ticks = 0
clocks.ticks_ms = lambda: ticks


class Rtc:
    def __init__(self, now_ms):
        self.ms = now_ms

    def now_ms(self):
        return self.ms

    def set_now_ms(self, now_ms):
        self.ms = now_ms


class Journal:
    """Of each stream, the newest frame's (epoch, seq, hash) at the start."""

    def __init__(self, seq):
        self.last = lambda stream: (1, seq, bytes(32)) if seq else None


clock = rtc = sent = ticker = once = None


def start(rtc_ms, period_ms, last_seq):
    global clock, rtc, sent, ticker, once
    rtc = Rtc(rtc_ms)
    clock = clocks.Clock(rtc)
    sent = Sent(Journal(last_seq), clock)
    ticker = Ticker(clock, period_ms)
    once = Once(period_ms)


def elapse(ms):
    """The boundaries that are recorded while so much of the gateway's time passes."""
    global ticks
    end = ticks + ms
    recorded = []
    while ticks < end:
        ticks = min(end, ticks + max(1, ticker.remaining_ms()))
        boundary_ms = ticker.due()
        if boundary_ms is not None and once.is_new(boundary_ms):
            recorded.append(boundary_ms)
    return recorded


def send(stream, seq):
    sent.note(stream, 1, seq)


def receive(collector_ms, stream, upto, held):
    """A receipt of one stream comes: the step that it makes."""
    return clock.hear(collector_ms, sent.age_ms(stream, 1, upto, held))


def frame():
    """What a frame says of the clock, then the RTC and the time since the start."""
    return clock.triplet(), rtc.ms, clock.uptime_ms()


def at_least(time_ms):
    clock.at_least(time_ms)


serve(start=start, elapse=elapse, send=send, receive=receive, frame=frame, at_least=at_least)
