"""How long room lasts and how often samples are taken, in a time that passes when it is told to."""

from gateway import room
from gateway.cadence import Cadence
from serve import serve

ticks = 0
room.ticks_ms = lambda: ticks
pace = None


def begin():
    global pace
    pace = room.Pace()


def take(ms, every_ms, size):
    """So much time, in which a frame of this size is kept every so often."""
    global ticks
    for _ in range(ms // every_ms):
        ticks += every_ms
        pace.note(size)


class Clock:
    def now_ms(self):
        return now

    def uptime_ms(self):
        return now


class Config:
    pass


cadence = now = pressure = None
told = []
sent = []


def configure(sample_ms, interval_ms):
    global cadence, now, pressure
    now, pressure = 0, 0
    config = Config()
    config.sample_ms, config.interval_ms = sample_ms, interval_ms
    cadence = Cadence(Clock(), config, lambda: pressure, tell, lambda: sent.append(now))


def tell(event):
    told.append(event[3][0])


def sample(ms, every_ms, pressure_now):
    """The boundaries at which samples are taken in so much time, and the cadences told of."""
    global now, pressure
    pressure = pressure_now
    taken = []
    for _ in range(ms // every_ms):
        now += every_ms
        if cadence.takes(now):
            taken.append(now)
    events = list(told)
    told.clear()
    return taken, events


def hurry(ms, every_ms, takes_ms):
    """A contact moves, and so much time passes, in which a sample is taken at no boundary.

    `takes_ms` is how long the samples of each bus take. When they were begun, and when all sent.
    """
    global now
    cadence.hurry()
    begun, under_way = [], {}
    sent.clear()
    for _ in range(ms // every_ms):
        now += every_ms
        for bus, begun_at in list(under_way.items()):
            if now - begun_at >= takes_ms[bus]:
                cadence.taken(bus, under_way.pop(bus), range(len(takes_ms)))
        if cadence.takes(None):
            begun.append(now)
            for bus in range(len(takes_ms)):
                under_way.setdefault(bus, now)
    return begun, list(sent)


serve(
    begin=begin,
    take=take,
    days=lambda room_bytes: pace.days(room_bytes),
    level=room.level,
    configure=configure,
    sample=sample,
    hurry=hurry,
)
