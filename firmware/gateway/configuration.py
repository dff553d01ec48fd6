"""The signed configuration: read from the board, believed, and opened up into parts."""

import hashlib

from gateway import cose, shape

_VERSION_CELL = "configuration version"


class SetupError(Exception):
    """Something that a technician must put right before the gateway can start."""


class Configuration:
    """A verified configuration message (`configuration-body` of docs/wire-format.cddl)."""

    def __init__(self, body: dict, message_hash: bytes):
        self.hash = message_hash
        self.version = body[2]
        self.issued_ms = body[3]
        self.zone = body[5]
        self.interval_ms, self.sample_ms, self.frame_ms = body[6]
        self.buses = body[7]
        self.meters = body[8]
        self.stages = body[9]


def _well_shaped(body) -> bool:
    # Made anew each time, because it is needed once: no other grammar takes so much of the heap.
    uint, span, row, array = shape.uint, shape.span, shape.row, shape.array
    ratio = row(uint, uint)
    rtu = row(span(0, 0), uint, span(0, 2), span(1, 2))
    tcp = row(span(1, 1), shape.text, uint)
    quantity = row(span(0, 65535), span(1, 4), span(0, 1))
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
        9: span(1, 125),
        10: uint,
        11: uint,
        12: array(quantity, 1, 64),
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
        7: array(shape.either(rtu, tcp), 1, 8),
        8: array(shape.record(meter), 1, 64),
        9: array(shape.record(stage), 0, 32),
    }
    return shape.record(configuration)(body)


async def load(board, trust, clock, gateway: bytes) -> Configuration:
    """Read configuration.cose. Raises SetupError."""
    message = board.read_setting("configuration.cose")
    if message is None:
        raise SetupError("there is no configuration.cose: have one issued and installed")
    try:
        body = await trust.accept(
            message, cose.CONFIGURATION, _well_shaped, clock.known(), clock.now_ms()
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
    return Configuration(body, hashlib.sha256(message).digest())


def check_version(journal, version: int) -> None:
    """Raises SetupError when a higher version was in force."""
    in_force = int.from_bytes(journal.get_cell(_VERSION_CELL) or b"", "big")
    if version < in_force:
        raise SetupError(
            "configuration.cose is refused: it is version %d, and version %d was in force; have "
            "one issued under a new version" % (version, in_force)
        )


def keep_version(journal, version: int) -> None:
    """The version is in force. Durable on return."""
    journal.put_cell(_VERSION_CELL, version.to_bytes(8, "big"))
