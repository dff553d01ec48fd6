"""What a technician put onto the board, and the configuration: needed once, and forgotten."""

import json

from micropython import const

from gateway import configuration, shape
from gateway.brokers import Brokers
from gateway.configuration import Configuration, SetupError
from gateway.cose import WireError
from gateway.sealed import Reader, Sealed, sha256

_ARRAY = const(4)
_MAP = const(5)
_FIELDS = const(10)
_METERS = const(8)
_MOST_METERS = const(64)


def _tests() -> tuple:
    """Of a body without its meters, and of a meter."""
    uint, span, row, array, either = shape.uint, shape.span, shape.row, shape.array, shape.either
    ratio = row(uint, uint)
    line = row(uint, span(0, 2), span(1, 2))
    rtu = row(span(0, 0), uint, span(0, 2), span(1, 2))
    tcp = row(span(1, 1), shape.text, uint)
    address = span(0, 65535)
    requests = array(row(address, span(1, 125)), 1, 64)
    measured = row(address, span(1, 4))
    counted = row(address, span(1, 4), span(0, 31), uint)
    meter = {
        0: span(0, 63),
        1: shape.text,
        2: shape.text,
        3: shape.data(32),
        4: uint,
        5: span(1, 247),
        6: ratio,
        7: ratio,
        8: span(3, 4),
        9: row(uint, uint, span(0, 5), either(line, shape.null)),
        10: uint,
        11: requests,
        12: array(either(measured, counted), 1, 64),
        13: requests,
        14: array(row(span(3, 4), address, span(1, 32)), 0, 16),
    }
    place = span(0, 63)
    measure = row(span(0, 32), place, uint, shape.seq, place, span(1, 31), uint, shape.seq, uint)
    stage = {0: span(1, 32), 1: uint, 2: uint, 3: uint, 4: uint}
    numbered = either(uint, shape.null)
    equipment = {
        5: either(
            row(span(0, 0), span(0, 1), span(0, 0), span(0, 0)),
            row(span(1, 1), span(1, 1), span(1, 60_000), span(1, 3_600)),
        ),
        6: row(uint, span(0, 3_600_000)),
        7: row(uint, span(0, 3_600_000)),
        8: row(numbered, numbered, numbered, numbered),
        9: uint,
        10: row(shape.seq, uint),
    }
    rest = {
        0: shape.version,
        1: shape.data(8),
        2: uint,
        3: uint,
        4: shape.text,
        5: shape.text,
        6: row(uint, uint, uint),
        7: array(either(rtu, tcp), 1, 8),
        9: array(shape.record(stage, equipment), 0, 32),
    }
    return shape.record(rest), shape.record(meter, {15: measure})


def _readable(meter: dict) -> bool:
    """Whether every quantity stands whole in a request."""
    counted = [quantity for quantity in meter[12] if len(quantity) == 4]
    for requests, quantities in ((meter[11], meter[12]), (meter[13], counted)):
        for quantity in quantities:
            start, end = quantity[0], quantity[0] + quantity[1]
            if not any(at <= start and end <= at + count for at, count in requests):
                return False
    return True


def required(board, name, size):
    content = board.read_setting(name)
    if content is None or len(content) != size:
        raise SetupError("%s must hold %d bytes: provision this gateway" % (name, size))
    return content


def network(board, key):
    """The way to the broker. The key of TLS, which a broker's owner may ask for, is another one."""
    content = board.read_setting("network.json")
    if content is None:
        raise SetupError("there is no network.json: provision this gateway")
    try:
        settings = json.loads(content)
    except ValueError:
        raise SetupError("network.json is not JSON: provision this gateway")
    Brokers(settings)  # judged here, where no configuration is to blame
    tls = settings.get("tls")
    if tls and key.is_in(board.read_setting(tls["key"]) or b""):
        raise SetupError("network.json gives TLS the key that signs frames: give it another")
    return settings


async def load(board, journal, trust, clock, gateway: bytes) -> Configuration:
    """The configuration to start with: one that came in parts and waits, or configuration.cose.

    Raises SetupError. One that waits is on trial until `settle` or `refuse`.
    """
    staging = board.staging()
    waiting = staging.waiting()
    if waiting is None:
        found = board.settings().pieces("configuration.cose")
        if found is None:
            raise SetupError("there is no configuration.cose: have one issued and installed")
        size, read = found
    elif staging.may_try():
        size, read = waiting[0], staging.read
    else:
        raise SetupError("no start with it came to its end")
    config = await _judge(read, size, trust, clock, gateway)
    configuration.check_version(journal, config.version)
    return config


async def _judge(read, size, trust, clock, gateway):
    try:
        sealed = Sealed(read, size)
        body = _Body(read, sealed.start, sealed.end)
        await sealed.verify(trust, clock)
    except WireError as error:
        raise SetupError(
            "configuration.cose is refused (%s): have one issued by the operator whose root "
            "key is in root.pub" % error.reason
        )
    if body.fields[1] != gateway:
        raise SetupError(
            "configuration.cose is refused (not_for_me): have one issued for " + gateway.hex()
        )
    if body.unreadable is not None:
        raise SetupError(
            "configuration.cose is refused: no request reads every quantity of meter %d; have one "
            "issued anew" % body.unreadable
        )
    body.fields[_METERS] = body.meters()
    return Configuration(body.fields, await sha256(read, size))


class _Body:
    """Its `fields`, decoded, but for the meters: they are only looked at, one after another."""

    def __init__(self, read, start, end):
        """Raises WireError."""
        self._read = read
        self._end = end
        self.fields: dict = {}
        self.unreadable = None  # slot of a meter
        reader = Reader(read, start, end)
        try:
            shaped = self._take(reader)
        except ValueError:
            raise WireError("malformed")
        if not reader.canonical:
            raise WireError("not_canonical")
        if not shaped:
            raise WireError("wrong_shape")

    def _take(self, reader):
        rest, is_meter = _tests()
        if reader.head() != (_MAP, _FIELDS):
            raise WireError("wrong_shape")
        shaped = True
        for key in range(_FIELDS):
            if reader.value(1) != key:
                raise WireError("wrong_shape")
            if key != _METERS:
                self.fields[key] = reader.value(1)
                continue
            self._meters_at = reader.pos
            for meter in _items(reader):
                if not is_meter(meter):
                    shaped = False
                elif self.unreadable is None and not _readable(meter):
                    self.unreadable = meter[0]
        if reader.pos != reader.end:
            raise ValueError
        return shaped and rest(self.fields)

    def meters(self):
        """Decodes one after another."""
        return _items(Reader(self._read, self._meters_at, self._end))


def _items(reader):
    major, count = reader.head()
    if major != _ARRAY or not count or count > _MOST_METERS:
        raise WireError("wrong_shape")
    for _ in range(count):
        yield reader.value(2)


def settle(board) -> None:
    """What is on trial is in force from now on, in both copies. Durable on return."""
    board.settings().laid.settle()
    staging = board.staging()
    waiting = staging.waiting()
    if waiting:
        board.settings().put("configuration.cose", waiting[0], staging.read)
        staging.clear()


def told(error) -> str:
    name = "" if isinstance(error, SetupError) else type(error).__name__ + " "
    return name + str(error)


def refuse(board, journal, error) -> bool:
    """Whether one was on trial: the next start is with configuration.cose, and tells why."""
    staging = board.staging()
    waiting = staging.waiting()
    if waiting:
        configuration.refuse(journal, waiting[1], told(error))
        staging.clear()
    return waiting is not None
