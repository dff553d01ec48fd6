"""What a technician put onto the board. Needed once: it is forgotten after the start."""

import hashlib
import json

from gateway import cose, shape
from gateway.configuration import Configuration, SetupError


def _well_shaped(body) -> bool:
    # Made anew each time, because it is needed once: no other grammar takes so much of the heap.
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
    stage = {0: span(1, 32), 1: uint, 2: uint, 3: uint, 4: uint}
    configuration = {
        0: shape.version,
        1: shape.data(8),
        2: uint,
        3: uint,
        4: shape.text,
        5: shape.text,
        6: row(uint, uint, uint),
        7: array(either(rtu, tcp), 1, 8),
        8: array(shape.record(meter), 1, 64),
        9: array(shape.record(stage), 0, 32),
    }
    return shape.record(configuration)(body)


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
    tls = settings.get("tls")
    if tls and key.is_in(board.read_setting(tls["key"]) or b""):
        raise SetupError("network.json gives TLS the key that signs frames: give it another")
    return settings


async def load(board, trust, clock, gateway: bytes) -> Configuration:
    """Read configuration.cose. Raises SetupError."""
    message = board.read_setting("configuration.cose")
    if message is None:
        raise SetupError("there is no configuration.cose: have one issued and installed")
    try:
        body = await trust.accept(
            message, cose.CONFIGURATION, _well_shaped, clock.synchronised(), clock.now_ms()
        )
    except cose.WireError as error:
        raise SetupError(
            "configuration.cose is refused (%s): have one issued by the operator whose root "
            "key is in root.pub" % error.reason
        )
    if body[1] != gateway:
        raise SetupError(
            "configuration.cose is refused (not_for_me): have one issued for " + gateway.hex()
        )
    unreadable = [meter[0] for meter in body[8] if not _readable(meter)]
    if unreadable:
        raise SetupError(
            "configuration.cose is refused: no request reads every quantity of meter %d; have one "
            "issued anew" % unreadable[0]
        )
    return Configuration(body, hashlib.sha256(message).digest())
