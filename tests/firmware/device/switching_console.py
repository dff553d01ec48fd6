"""Stages on a board of dictionaries, in a time that tests pass: what moves, and what is told."""

from serve import serve  # isort: skip

from gateway import outputs
from gateway import stages as module
from gateway.stages import Stage, Stages

UNIX_MS = 1_800_000_000_000


class Output:
    def __init__(self, on):
        self.on = on

    def energised(self):
        return self.on

    def energise(self, on):
        self.on = on


class Contact:
    def __init__(self, at=True):
        self.at = at

    def closed(self):
        return self.at


class Clock:
    def __init__(self, unix_ms, is_known):
        self.ms = 0
        self.unix_ms = unix_ms
        self.is_known = is_known

    def uptime_ms(self):
        return self.ms

    def now_ms(self):
        return self.unix_ms + self.ms

    def proven_ms(self):
        return self.now_ms() if self.is_known else 0

    def known(self):
        return self.is_known


class Journal:
    def __init__(self):
        self.cells: dict = {}

    def get_cell(self, name):
        return self.cells.get(name)

    def put_cell(self, name, value):
        self.cells[name] = value


class Board:
    """Outputs begin energised where `on` names them; of inputs only a selector's is closed."""

    def __init__(self, on):
        self.on = on
        self.outputs: dict = {}
        self.inputs: dict = {}

    def output(self, number):
        return self.outputs.setdefault(number, Output(number in self.on))

    def contact(self, number):
        return self.inputs.setdefault(number, Contact(number == SELECTOR))


SELECTOR = 1
LIMITER = 1
told: list = []


class Listener:
    """What stages tell, each as [name, …]."""

    def on_contact(self, stage_id, closed, at_ms, cause, order):
        told.append(["contact", stage_id, closed, cause, order])

    def on_result(self, stage_id, what, order, reason):
        told.append([chr(what), stage_id, order, reason])

    def on_expiry(self, ids, moving, order):
        told.append(["expiry", ids, order])

    def on_limit(self, ids):
        told.append(["limit", ids])

    def event(self, code, body):
        assert code == 18
        told.append(["interlocks", body[0], body[1]])


board = journal = stages = clock = contact = config = None


def make(config_, on=(0,)):
    """A gateway with one stage, on output 0, that starts after a short while without supply."""
    global board, journal, contact, config
    config = {int(key): value for key, value in config_.items()}
    board, journal, contact = Board(on), Journal(), Contact()
    start(False)


def start(was_long_off, after_ms=0, is_known=True):
    """Start anew with what flash, outputs and contact are like now, so long after the beginning."""
    global stages, clock
    clock = Clock(UNIX_MS + after_ms, is_known)
    equipment = None
    if any(field in config for field in (5, 6, 7, 8, 9)):
        equipment = outputs.take(config, board, board.output(0))
    stages = Stages(
        [Stage(config, board.output(0), contact, equipment)], clock, journal, lambda n: bytes(n)
    )
    stages.listen(Listener())
    stages.restore([0, 1000], was_long_off)


def state():
    stage = stages._stages[config[0]]
    return [stage.state, sorted(n for n, output in board.outputs.items() if output.on)]


def wait(ms):
    """What is told meanwhile; over a long time it is looked at more rarely."""
    told.clear()
    until = clock.ms + ms
    while clock.ms < until:
        clock.ms += max(25, ms // 400)
        stages.tick()
    return list(told)


def order(number, until_ms=None):
    told.clear()
    until_ms = until_ms and UNIX_MS + until_ms
    stages.open([config[0]], [bytes([number]), number], until_ms, [0, 0])


def know_the_time():
    clock.is_known = True


def limit():
    stages.limit([config[0]], LIMITER, None)


def unlimit():
    stages.unlimit([config[0]], LIMITER, [0, 0], None)


def permit(number):
    stages.release([config[0]], [bytes([number]), number], [0, 0])


def set_contact(closed):
    contact.at = closed


def set_input(number, on):
    board.inputs[number].at = on


def energise(number, on):
    board.outputs[number].on = on


def table():
    return str(module._TABLE, "utf-8")


def walk(inputs):
    """Feed a coil's stage inputs by number: [[state, coil energised, told], …] after each."""
    coil = Output(True)
    stage = Stage({0: 1, 1: 1, 2: 0, 3: 0, 4: 100}, coil, Contact())
    seen = []
    for what in inputs:
        stage.told = 0
        stage.feed(what, 0)
        seen.append([stage.state, coil.on, chr(stage.told) if stage.told else ""])
    return seen


def plain(answer):
    """As JSON can hold it: an order is the counter of its command."""
    if isinstance(answer, list):
        if len(answer) == 2 and isinstance(answer[0], bytes):
            return answer[1]
        return [plain(item) for item in answer]
    return answer


serve(
    make=make,
    start=start,
    state=state,
    wait=lambda ms: plain(wait(ms)),
    order=order,
    permit=permit,
    limit=limit,
    unlimit=unlimit,
    know_the_time=know_the_time,
    set_contact=set_contact,
    set_input=set_input,
    energise=energise,
    table=table,
    walk=walk,
)
