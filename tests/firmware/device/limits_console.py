"""The gateway's own limit on real stages and a real journal, over a plant and a clock of its own.

Arguments: the file of the flash. Signatures are judged elsewhere: here every message is believed.
"""

from serve import serve  # isort: skip

import asyncio
import sys

from gateway import cbor, cose
from gateway.journal import Journal
from gateway.limit import Limits
from gateway.stages import Stage, Stages
from nor import Nor

BLOCKS = 18
GATEWAY = bytes(range(8))
T0 = 1_800_000_000_000
HOUR_MS = 3_600_000
STAGES = {1: 100_000, 2: 200_000, 3: 300_000}  # W
SHED_ORDER = [1, 2, 3]


class Clock:
    """`error_ms` None: nobody knows the time."""

    def __init__(self):
        self.at = 1_000
        self.offset = T0
        self.error_ms = 0

    def uptime_ms(self):
        return self.at

    def now_ms(self):
        return self.at + self.offset

    def known(self):
        return self.error_ms is not None

    def proven_ms(self):
        return self.now_ms() - (self.error_ms or 0)

    def prove(self, time_ms):
        pass

    def range_ms(self, most_ms):
        if self.error_ms is None:
            return self.proven_ms(), None
        return self.now_ms() - self.error_ms, self.now_ms() + self.error_ms


class Trust:
    async def accept(self, message, content_type, well_shaped, known, now_ms):
        body = cose.parse(message, content_type, cose.MAX_MESSAGE).payload
        if not well_shaped(body):
            raise cose.WireError("wrong_shape")
        return body


class Coil:
    """Its contact follows at once, unless it is welded."""

    def __init__(self):
        self.on = True
        self.welded = False

    def energised(self):
        return self.on

    def energise(self, on):
        self.on = on

    def closed(self):
        return self.on or self.welded


class Orders:
    """Listens to stages in place of the orders."""

    def on_contact(self, stage_id, closed, at_ms, cause, order):
        told.append(["contact", stage_id, closed, cause, order and order[0].hex()])

    def on_result(self, stage_id, what, order, reason):
        pass

    def on_expiry(self, ids, moving, order):
        told.append(["expiry", ids, moving])

    def on_limit(self, ids):
        if ids:
            told.append(["limit", ids])


class Signer:
    kid = bytes(8)

    async def sign(self, digest):
        return bytes(64)


class Input:
    """A contact of the board, which `set` moves."""

    def __init__(self, number):
        self._number = number

    def closed(self):
        return inputs[self._number]


told: list = []
inputs: dict = {}  # contact: whether it is closed
clock = Clock()
coils: dict = {}
device = journal = stages = limits = None
linked = True
base_w = 0
measured = True
energy: dict = {}  # point: W × ms
measures: list = []


def begin(points):
    """A gateway on erased flash; `points` are those that a meter measures, 0 the site's."""
    global device, coils, base_w, measured, linked, energy, measures
    clock.at, clock.offset, clock.error_ms = 1_000, T0, 0
    coils = {stage_id: Coil() for stage_id in STAGES}
    base_w, measured, linked = 0, True, True
    inputs.clear()
    inputs.update({11: True, 12: False})
    energy = dict.fromkeys(points, 0)
    measures = points
    told.clear()
    device = Nor(sys.argv[1], BLOCKS)
    device.wipe(0, BLOCKS)
    restart()


def restart(down_ms=0):
    """Power comes back: only flash and the coils' rest position are left."""
    global journal, stages, limits
    run_plant(down_ms)
    clock.offset += clock.at - 1_000
    clock.at = 1_000
    for coil in coils.values():
        coil.on = False
    journal = Journal(device)
    parts = [Stage({0: i, 2: 5_000, 4: 2_000}, coils[i], coils[i]) for i in STAGES]
    stages = Stages(parts, clock, journal, lambda n: bytes(n))
    stages.listen(Orders())
    stages.restore((0, 0), False)
    places = [(10 + point, point) for point in measures]
    context = (Trust(), clock, journal, GATEWAY, stages, contact)
    limits = Limits(context, list(SHED_ORDER), places, lambda: linked, told.append)


def contact(number):
    inputs[number]  # as a board that has none
    return Input(number)


def relay(well, low):
    inputs.update({11: well, 12: low})


def run_plant(ms):
    for point in energy:
        energy[point] += power_w(point) * ms
    clock.at += ms


def power_w(point):
    if point:
        return STAGES[point] if coils[point].closed() else 0
    return base_w + sum([STAGES[i] for i in STAGES if coils[i].closed()])


def run(seconds, beat=True):
    """Time goes on: a sample and a look at everything each second, a receipt each minute."""
    for _ in range(seconds):
        run_plant(1_000)
        if measured:
            for point, drawn in energy.items():
                limits.note(10 + point, point, drawn // HOUR_MS, power_w(point), clock.at)
        stages.tick()
        if beat and clock.at % 60_000 < 1_000:
            limits.receipt()
        limits.tick()
    return [power_w(0), [i for i in SHED_ORDER if coils[i].closed()]]


def set_(name, value):
    if name in ("linked", "base_w", "measured"):
        globals()[name] = value
    elif name == "error_ms":
        clock.error_ms = value
    elif name == "welded":
        coils[value].welded = True
    elif name == "offset_ms":
        clock.offset += value


def message(body):
    """`body`: keys as text, bytes as hex under {"hex": …}."""
    plain = {int(key): _plain(value) for key, value in body.items()}
    return asyncio.run(cose.seal(Signer(), cose.SCHEDULE, cbor.encode(plain)))


def _plain(value):
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return [_plain(each) for each in value] if isinstance(value, list) else value


def take(body):
    asyncio.run(limits.take(message(body)))


def hold(order, power_w_, until_ms, ids):
    return limits.limit([bytes.fromhex(order), 7], power_w_, until_ms, ids)


def order_open(order, ids):
    stages.open(ids, [bytes.fromhex(order), 1], None, (0, 0))


def order_release(order, ids):
    return stages.release(ids, [bytes.fromhex(order), 2], (0, 0))


def beat():
    limits.receipt()


def state():
    """[now, state of PERMIT, states of LOAD, limit now, stages held open for each owner]"""
    return [
        clock.now_ms(),
        limits._permit,
        [limits._hourly.state, limits._capped.state],
        limits._terms(limits._hourly).limit,
        [stages.limited(1), stages.limited(2), stages.limited(4)],
    ]


def events():
    """What was told since it was asked last."""
    found = [_shown(each) for each in told]
    told.clear()
    return found


def _shown(event):
    if event[0] != 3:
        return event
    _, at_ms, code, detail = event
    shown = {str(k): v.hex() if isinstance(v, bytes) else v for k, v in detail.items()}
    return [code, at_ms, shown]


def forget_state():
    """As if power had failed between the schedule's cell and the limiter's."""
    journal.put_cell("limiter state", b"")


def wear():
    return journal.erasures()


serve(
    begin=begin,
    restart=restart,
    run=run,
    set=set_,
    take=take,
    hold=hold,
    order_open=order_open,
    order_release=order_release,
    beat=beat,
    relay=relay,
    state=state,
    events=events,
    wear=wear,
    forget_state=forget_state,
)
